"""How fast the agent was: from the answer to its first sound, and from a person's last word to its reply."""

from __future__ import annotations

from sqlalchemy import Float, cast, extract, func, select
from sqlalchemy.orm import Session, aliased

from dialer.calls.models import CallMove, Turn
from dialer.calls.states import CallState
from dialer.sandbox.openai import FIRST_TOKEN_S

Percentiles = dict[str, float | None]
"""p50 and p95 in milliseconds, and the count of what was measured."""


def answer_to_first_audio(session: Session) -> Percentiles:
    """From the carrier's word that a person answered to the first sound of the agent's on the stream."""
    answered, talking = aliased(CallMove), aliased(CallMove)
    opener = select(Turn.call_id, func.min(Turn.started_s).label("at_s")).where(
        Turn.speaker == "agent", Turn.epoch == 1
    )
    first = opener.group_by(Turn.call_id).subquery()
    waited_s = extract("epoch", talking.wall - answered.wall) + first.c.at_s
    rows = session.scalars(
        select(waited_s)
        .select_from(first)
        .join(answered, (answered.call_id == first.c.call_id) & (answered.state == CallState.ANSWERED))
        .join(talking, (talking.call_id == first.c.call_id) & (talking.state == CallState.TALKING))
    )
    return _percentiles([1000 * float(row) for row in rows])


def turn_latency_over_vendor(session: Session) -> Percentiles:
    """From a person's last word to the agent's first audio, less what the vendors took by themselves.

    Those are the recognizer's final words, the model's first token (the sandbox's has a fixed delay) and the voice's
    first audio. What remains is ours, and the rest of the first sentence, which the model writes at its own pace.
    """
    sent, final, voice = (cast(Turn.timings_ms[name].astext, Float) for name in ("sent", "stt_final", "ttfa"))
    rows = session.scalars(
        select(sent - final - voice).where(sent.is_not(None), final.is_not(None), voice.is_not(None))
    )
    return _percentiles([float(row) - 1000 * FIRST_TOKEN_S for row in rows])


def _percentiles(values: list[float]) -> Percentiles:
    ordered = sorted(values)

    def at(share: float) -> float | None:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None

    return {"p50": at(0.5), "p95": at(0.95), "count": len(ordered)}
