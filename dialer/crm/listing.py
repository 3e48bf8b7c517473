"""What the API, the console and the metrics read about the outbox. Nothing here changes a row."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.crm.models import OutboxRow, OutboxState


def unsent_by_state(session: Session) -> dict[str, int]:
    """Count the outbox rows of all organizations that are pending or parked."""
    rows = session.execute(
        select(OutboxRow.state, func.count()).where(OutboxRow.state != OutboxState.SENT).group_by(OutboxRow.state)
    )
    return {state.value: count for state, count in rows}
