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
class Usage:
    """What a group of calls used at vendors, as their seats told it when they were over."""

    prompt_tokens: int = 0
    """All that language models read, with what was thrown away."""
    completion_tokens: int = 0
    """All that they wrote, likewise."""
    wasted_prompt_tokens: int = 0
    """Of these: of answers that were begun before the person's turn was surely over, and never said."""
    wasted_completion_tokens: int = 0
    stt_s: float = 0.0
    """Audio that was given to recognizers."""
    tts_characters: int = 0
    """Text that was given to voices."""


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
    usage: Usage


@dataclass(frozen=True, slots=True)
class Emotions:
    """How people felt and what they wanted, counted by turns."""

    turns: int
    mean_sentiment: float | None
    emotions: dict[str, int]
    intents: dict[str, int]
