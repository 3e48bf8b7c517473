"""Figures about calls, as `/api/analytics` answers them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """What calls can be grouped by."""

    CAMPAIGN = "campaign"
    AGENT_VERSION = "agent_version"
    HOUR = "hour"
    """Of the day, 0 to 23: when is it worth calling?"""
    DAY = "day"
    DISPOSITION = "disposition"
    DIRECTION = "direction"


@dataclass(frozen=True, slots=True)
class Rollup:
    """What came of a group of calls."""

    group: dict[str, str | int]
    """Dimension → value, in the order that was asked for; no campaign and no disposition are empty."""
    calls: int
    answered: int
    finished: int
    """Those that have an outcome."""
    talk_s: float
    mean_talk_s: float
    """Of the answered ones."""
    dispositions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Emotions:
    """How people felt and what they wanted, counted by turns."""

    turns: int
    mean_sentiment: float | None
    emotions: dict[str, int]
    intents: dict[str, int]
