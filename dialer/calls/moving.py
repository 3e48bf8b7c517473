"""The only way to move a call: compare-and-set, and a row that says when, who and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dialer.calls.models import Call, CallMove
from dialer.calls.states import BEFORE, NEXT, CallState, ahead
from dialer.errors import IllegalMove, NotFound


def move(session: Session, call_id: UUID, to: CallState, *, now: datetime, by: str, why: str, **also: Any) -> bool:
    """Move a call to `to` and write down why. Of callers racing to do so, one wins.

    Args:
        now: campaign time of this transaction.
        also: further columns that this move sets, such as `answered_at`.

    Returns:
        True if this caller moved it; False if it came too late (it is there already, past it, or over). Tasks are
        redelivered and carriers repeat and reorder their callbacks, so that is no error.

    Raises:
        IllegalMove: the call is live and `to` is not a next step for it.
        NotFound: there is no such call.
    """
    if not NEXT[to]:
        also["closed_wall"] = func.clock_timestamp()
    won = session.scalar(
        update(Call)
        .where(Call.id == call_id, Call.state.in_(BEFORE[to]))
        .values(state=to, moved_at=now, moved_wall=func.clock_timestamp(), **also)
        .returning(Call.id)
    )
    if won is not None:
        session.add(CallMove(call_id=call_id, state=to, at=now, by=by, why=why))
        return True
    here = session.scalar(select(Call.state).where(Call.id == call_id))
    if here is None:
        raise NotFound("call", call_id)
    if here is to or not NEXT[here] or here in ahead(to):
        return False
    raise IllegalMove("call", call_id, here, to)
