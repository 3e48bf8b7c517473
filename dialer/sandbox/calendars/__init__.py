"""Calendars of this world: Google's REST interface and CalDAV, each with its own lines in the ledger."""

from __future__ import annotations

from dialer.sandbox.calendars.mounting import mount

__all__ = ["mount"]
