"""Which vendors die, and in which installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Outage:
    """One demo in which vendors die."""

    name: str
    strikes: tuple[str, ...]
    """As `dialer demo --kill` takes them, one after the other."""
    order: Mapping[str, str] = field(default_factory=dict)
    """Settings by which another vendor of a role is the first."""

    @property
    def vendors(self) -> tuple[str, ...]:
        """Who dies."""
        return tuple(strike.partition("@")[0] for strike in self.strikes)


OUTAGES: Final = (
    Outage("the first recognizer", ("deepgram@6",)),
    Outage("the first voice", ("elevenlabs@6",)),
    Outage("the first language model, and with it the second recognizer and voice", ("openai@6",)),
    Outage("the voice that took over from the first", ("elevenlabs@4", "openai@12")),
    Outage("the second language model, as the first", ("gemini@6",), {"DIALER_BRAINS": '["gemini", "openai"]'}),
    Outage("the second recognizer, as the first", ("openai@6",), {"DIALER_RECOGNIZERS": '["openai", "deepgram"]'}),
)
MANNERS: Final[Mapping[str, str]] = {"dead": "--kill", "mute": "--mute"}
"""How they die: cut off, or behind sockets that stay open."""
