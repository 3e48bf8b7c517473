"""What a call uses of its vendors, in their own units: tokens, characters spoken, seconds recognized."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from dialer.audio.mulaw import FRAME_MS
from dialer.llm.base import Usage

AGENTS: Final = ("prompt_tokens", "completion_tokens", "tts_characters")
"""What an agent's turn costs."""
PERSONS: Final = ("stt_s",)
"""What a person's turn costs."""


class Paid(Protocol):
    """An answer of a model's that counts, whether it is whole or not; or a whole talk with one."""

    @property
    def usage(self) -> Usage:
        """What it has cost so far."""
        ...


@dataclass(slots=True)
class Spent:
    """What one call has used so far, and how much of it its turns were charged with."""

    answers: list[Paid] = field(default_factory=list)
    tts_characters: int = 0
    """Of what the agent said; fixed lines are made once for all calls."""
    stt_frames: int = 0
    _charged: dict[str, float] = field(default_factory=dict)

    @property
    def prompt_tokens(self) -> int:
        """What the models were told."""
        return sum(answer.usage.prompt_tokens for answer in self.answers)

    @property
    def completion_tokens(self) -> int:
        """What they said."""
        return sum(answer.usage.completion_tokens for answer in self.answers)

    @property
    def stt_s(self) -> float:
        """Audio that a recognizer was given."""
        return self.stt_frames * FRAME_MS / 1000

    def counters(self) -> dict[str, float]:
        """What it has used, by name."""
        return {name: getattr(self, name) for name in (*AGENTS, *PERSONS)}

    def charge(self, names: tuple[str, ...]) -> dict[str, float]:
        """Charge a turn with all that was used since one was last charged with it; return it by name, zeros left out.

        So the turns' costs add up to the call's, whatever else became of what was said between two of them.
        """
        cost: dict[str, float] = {}
        for name in names:
            spent = getattr(self, name)
            if more := round(spent - self._charged.get(name, 0), 3):
                cost[name] = more
            self._charged[name] = spent
        return cost
