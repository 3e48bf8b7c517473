"""People to call: phone numbers, importing, suppression, consent."""
