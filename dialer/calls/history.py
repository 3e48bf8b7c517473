"""What was said to a person before: the calls that came before this one, each in a few words."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer.calls.models import Call, Direction, Turn
from dialer.outcomes.models import Outcome

CALLS: Final = 3
"""Earlier calls that an agent is told of, the latest ones."""
LAST_TURNS: Final = 4
"""Of a call whose outcome has no summary (yet), so many last turns are told."""


def earlier(session: Session, call: Call, zone: ZoneInfo) -> list[dict[str, str]]:
    """Sum up the latest answered calls with the lead of a call, or without one to its number, oldest first.

    Returns:
        For each: `when` in the person's own time, `outcome`, and `summary` or, without one, `last_words`.
    """
    person = call.to_number if call.direction is Direction.OUTBOUND else call.from_number
    same = Call.lead_id == call.lead_id if call.lead_id else Call.to_number == person
    rows = session.execute(
        select(Call.id, Call.answered_at, Call.direction, Outcome.disposition, Outcome.summary)
        .outerjoin(Outcome, Outcome.call_id == Call.id)
        .where(
            Call.organization_id == call.organization_id,
            same,
            Call.id != call.id,
            Call.answered_at.is_not(None),
        )
        .order_by(Call.answered_at.desc())
        .limit(CALLS)
    ).all()
    told = []
    for row in reversed(rows):
        we_called = row.direction is Direction.OUTBOUND
        about = {
            "when": f"{row.answered_at.astimezone(zone):%A, %d %B %Y, %H:%M}",
            "who_called": "we called them" if we_called else "they called us",
            "outcome": row.disposition.value.replace("_", " ") if row.disposition else "not written yet",
        }
        words = row.summary or _last_words(session, row.id)
        told.append(about | ({"summary" if row.summary else "last_words": words} if words else {}))
    return told


def _last_words(session: Session, call_id: object) -> str:
    turns = session.execute(
        select(Turn.speaker, Turn.text)
        .where(Turn.call_id == call_id, Turn.text != "")
        .order_by(Turn.epoch.desc(), Turn.number.desc())
        .limit(LAST_TURNS)
    ).all()
    return " / ".join(f"{speaker}: {text}" for speaker, text in reversed(turns))
