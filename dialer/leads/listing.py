"""What the API and the console read about leads and imports. Nothing here changes a row."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.leads.models import Lead, LeadState


def unfinished_by_state(session: Session) -> dict[str, int]:
    """Count the leads of all organizations that are due, waiting or in flight, each over its partial index."""
    states = (LeadState.DUE, LeadState.WAITING, LeadState.IN_FLIGHT)
    counts = select(*(select(func.count()).where(Lead.state == state).scalar_subquery() for state in states))
    return {state.value: count for state, count in zip(states, session.execute(counts).one(), strict=True)}
