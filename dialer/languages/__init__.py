"""The languages that agents speak: one module each, and what is common to them in `base`."""
