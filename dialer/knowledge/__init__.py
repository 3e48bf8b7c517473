"""Documents, cut into passages that are found again by meaning and by words while a call is on."""
