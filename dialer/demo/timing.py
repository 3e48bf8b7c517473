"""How fast the agent was: from the answer to its first sound, and from a person's last word to its reply."""

from __future__ import annotations

from sqlalchemy import Float, cast, select
from sqlalchemy.orm import Session

from dialer.calls.models import Turn

Percentiles = dict[str, float | None]
"""p50 and p95 in milliseconds, and the count of what was measured."""


def answer_to_first_audio(session: Session) -> Percentiles:
    """From our row's knowing that a person answered to the first frame of the opener on the socket."""
    return _told(session, "answer_to_first_audio_ms")


def turn_latency_over_vendor(session: Session) -> Percentiles:
    """From a person's last word to the first frame of the reply, less what the vendors took in that turn.

    What remains is ours: waiting whether the person goes on, and overhead (docs/latency.md).
    """
    return _told(session, "turn_latency_over_vendor_ms")


def _told(session: Session, name: str) -> Percentiles:
    """Of one figure, over all turns that have it."""
    figure = cast(Turn.timings_ms[name].astext, Float)
    return _percentiles([float(value) for value in session.scalars(select(figure).where(figure.is_not(None)))])


def _percentiles(values: list[float]) -> Percentiles:
    ordered = sorted(values)

    def at(share: float) -> float | None:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None

    return {"p50": at(0.5), "p95": at(0.95), "count": len(ordered)}
