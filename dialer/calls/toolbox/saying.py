"""Moments, between how a model writes them, how we keep them and how a person hears them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

UNREADABLE: Final = "That time cannot be read. Ask for day and hour, and give it as ISO 8601."


def read_time(text: Any, zone: ZoneInfo) -> datetime | None:
    """Read an ISO 8601 time that a model wrote; without an offset it is the person's own time. UTC comes back.

    Returns:
        None if it is none.
    """
    try:
        at = datetime.fromisoformat(str(text))
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A moment in the person's own time, as it is spoken: "Tuesday 24 November at 15:30"."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B} at {local:%H:%M}"
