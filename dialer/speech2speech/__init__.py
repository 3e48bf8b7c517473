"""Speech-to-speech models: one Protocol, one file per vendor."""
