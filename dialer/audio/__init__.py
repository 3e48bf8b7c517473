"""Telephone audio: codecs, voice activity, WAV files."""
