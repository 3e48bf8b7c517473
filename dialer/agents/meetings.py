"""When an agent may book meetings, and in which calendar."""

from __future__ import annotations

import re
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Windows = tuple[tuple[str, str], ...]
_OFFICE: Windows = (("09:00", "17:00"),)


class MeetingHours(BaseModel):
    """What may be offered to a person who agrees to a meeting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar: Literal["", "builtin", "google", "caldav"] = ""
    """Empty: the one that is configured, else the built-in one."""
    title: str = Field(default="Meeting with {first_name}", min_length=1, max_length=200)
    """Of the event; it may name what other texts may."""
    minutes: int = Field(default=30, ge=5, le=480)
    zone: str = "America/New_York"
    """Where the hours are."""
    windows: dict[Day, Windows] = Field(default_factory=lambda: dict.fromkeys(DAYS[:5], _OFFICE))
    notice_minutes: int = Field(default=120, ge=0, le=20_160)
    """How soon a meeting may be at the earliest."""
    days_ahead: int = Field(default=21, ge=1, le=120)

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone such as America/New_York") from error
        return value

    @field_validator("windows")
    @classmethod
    def _are_windows(cls, value: dict[Day, Windows]) -> dict[Day, Windows]:
        for day, windows in value.items():
            for opens, closes in windows:
                if not (_CLOCK.fullmatch(opens) and _CLOCK.fullmatch(closes) and opens < closes):
                    raise ValueError(f'{day}: {opens}-{closes} is no window such as ["09:00", "17:00"]')
        return value
