"""Speech to text and text to speech: two Protocols, one file per vendor."""
