"""Calendars: one Protocol, one file per vendor."""
