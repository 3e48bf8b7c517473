"""What the carrier's side of all calls of a run saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from bench.spread import percentile

STARVED_MS: Final = 60
"""A reply is starved if its playout needs a larger jitter buffer than this."""


LONGEST_EVENT_S: Final = 6.0
"""What began so long before a window and ends in it belongs to it: it began after the warm-up."""


@dataclass(slots=True)
class Tally:
    """Counts and times (ms) while `measuring`; the rest is ramp and warm-up."""

    measuring_since_s: float = float("inf")
    measuring: bool = False
    latency_ms: list[float] = field(default_factory=list)
    """From the last frame of an utterance to the first frame of the reply."""
    barge_in_ms: list[float] = field(default_factory=list)
    """From the first frame of an interruption to the `clear`."""
    late_ms: list[float] = field(default_factory=list)
    """Of each reply: how far its audio fell behind real time at worst."""
    lag_ms: list[float] = field(default_factory=list)
    """How late our own ticks were."""
    frames_in: int = 0
    frames_out: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def begin(self, now_s: float) -> None:
        """Measure from now on; what came before is forgotten."""
        self.errors.clear()
        for times in (self.latency_ms, self.barge_in_ms, self.late_ms, self.lag_ms):
            times.clear()
        self.frames_in = self.frames_out = 0
        self.measuring_since_s, self.measuring = now_s, True

    def end(self) -> dict[str, Any]:
        """Measure no more; return the summary."""
        self.measuring = False
        return self._summary()

    def counts(self, began_s: float) -> bool:
        """Whether something that began then belongs to the measurement."""
        return self.measuring and began_s > self.measuring_since_s - LONGEST_EVENT_S

    def _summary(self) -> dict[str, Any]:
        starved = sum(late > STARVED_MS for late in self.late_ms)
        return {
            "turns": len(self.latency_ms),
            "latency_p50_ms": percentile(self.latency_ms, 0.5),
            "latency_p95_ms": percentile(self.latency_ms, 0.95),
            "barge_ins": len(self.barge_in_ms),
            "barge_in_p50_ms": percentile(self.barge_in_ms, 0.5),
            "barge_in_p95_ms": percentile(self.barge_in_ms, 0.95),
            "replies": len(self.late_ms),
            "starved_share": starved / max(len(self.late_ms), 1),
            "generator_lag_p99_ms": percentile(self.lag_ms, 0.99),
            "frames_in": self.frames_in,
            "frames_out": self.frames_out,
            "errors": dict(self.errors),
        }
