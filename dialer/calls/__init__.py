"""Calls, one row an attempt: states, dialing, callbacks, settling, seats, recordings."""
