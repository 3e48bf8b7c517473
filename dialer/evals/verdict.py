"""What is said of a conversation that was held in a test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dialer.conversation.facts import Speaker
from dialer.evals.cases import Case
from dialer.evals.holding import Held
from dialer.outcomes.models import Disposition


class Score(StrEnum):
    """What is looked at."""

    HELD = "held"
    """The conversation came to an end of its own."""
    GOAL = "goal"
    FACTS = "facts"
    DISCLOSURE = "disclosure"
    OPT_OUT = "opt-out"
    TOOLS = "tools"
    WORDS = "words"
    LENGTH = "length"
    LATENCY = "latency"
    CRITERIA = "criteria"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation, and whether it was met."""

    score: Score
    passed: bool
    why: str
    """What was expected, and what was there instead; of a criterion, the judge's reason."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the call, by the product's own rules."""

    disposition: Disposition
    summary: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    """Why no model read the transcript, though one should have."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The replies of one or several conversations, in milliseconds since the person's last word."""

    replies_ms: tuple[float, ...] = ()
    own_ms: tuple[float, ...] = ()
    """The same less what the language model took."""

    @classmethod
    def of(cls, helds: Iterable[Held]) -> Latency:
        """Gather those of the agent's answers."""
        timings = [turn.timings_ms for held in helds for turn in held.of(Speaker.AGENT)]
        return cls(
            tuple(took for each in timings if (took := reply_ms(each)) is not None),
            tuple(each["turn_latency_over_vendor_ms"] for each in timings if "turn_latency_over_vendor_ms" in each),
        )

    def as_json(self) -> dict[str, float]:
        """The figures; nothing where nobody replied."""
        named = {
            "reply_p50_ms": percentile(self.replies_ms, 50),
            "reply_p95_ms": percentile(self.replies_ms, 95),
            "own_p95_ms": percentile(self.own_ms, 95),
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One conversation, judged."""

    case: Case
    held: Held
    result: Result
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all that was expected is there."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> list[Check]:
        """What is not."""
        return [check for check in self.checks if not check.passed]

    def scores(self) -> dict[Score, bool]:
        """Each thing that was looked at, and whether it was as expected."""
        return {
            score: all(check.passed for check in self.checks if check.score is score)
            for score in Score
            if any(check.score is score for check in self.checks)
        }


def reply_ms(timings_ms: Mapping[str, float]) -> float | None:
    """How long a reply took by a turn's timings, less what recognizer and voice took; None of what is no reply."""
    if "sent" not in timings_ms:
        return None
    return timings_ms["sent"] - timings_ms.get("ttfa", 0.0) - timings_ms.get("stt_wait", 0.0)


def percentile(values: Iterable[float], percent: int) -> float | None:
    """The value that so many of a hundred do not exceed (nearest rank); None of none."""
    ranked = sorted(values)
    return ranked[max(math.ceil(len(ranked) * percent / 100) - 1, 0)] if ranked else None
