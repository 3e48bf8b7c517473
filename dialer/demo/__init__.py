"""The whole system against the sandbox, from a messy CSV to the CRMs, with a report at the end."""
