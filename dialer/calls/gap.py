"""The carrier's calls that no row has, and how far back they are to be looked for.

After a restore these are the calls of the gap: what was dialed between the backup and the restore.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from dialer import clock
from dialer.accounts.models import Organization
from dialer.calls import urls
from dialer.calls.models import Call, CallMove, Direction, Stray
from dialer.calls.states import CallState
from dialer.db import Sessions, transaction
from dialer.telephony.base import Carrier, CarrierCall
from dialer.telephony.models import CallerId

BY = "dialer settle"
AT_LEAST = timedelta(minutes=5)
SOUGHT = (CallState.DIALING, CallState.UNKNOWN)


class Standing(Enum):
    """What a carrier call is to our rows."""

    KNOWN = auto()
    """A row has it."""
    SOUGHT = auto()
    """A row without a carrier id looks for one to this number: settling it comes first."""
    FOREIGN = auto()
    """It asked somebody else what to say, or asked nobody and shows no number of ours."""
    HOMELESS = auto()
    """It asked us what to say, and shows a number that no row has: whose call it was cannot be told."""
    OURS = auto()
    """No row has it, and it is ours."""


@dataclass(frozen=True, slots=True)
class Found:
    """A carrier call, what it is to us, and which of our calls its Events name."""

    call: CarrierCall
    standing: Standing
    named: UUID | None = None


def newest_dial(session: Session) -> datetime:
    """When a call was last dialed (T2), on the database's own clock; without one, when the first organization came.

    Rows that settling has made do not count: it may have been stopped half-way, and must look as far back again.
    """
    settled = exists().where(CallMove.call_id == Call.id, CallMove.by == BY)
    newest = session.scalar(
        select(Call.dialing_wall)
        .where(Call.dialing_wall.is_not(None), ~settled)
        .order_by(Call.dialing_wall.desc())
        .limit(1)
    )
    return newest or session.scalar(select(func.min(Organization.created_at))) or clock.wall(session)


def since(session: Session, *, grace_s: float, signs: Iterable[datetime] = ()) -> datetime:
    """From when on the carrier is to be asked.

    Args:
        signs: when things happened that the database should know of and does not. Dials that were made after the
            restore, before anybody noticed it, make the newest T2 younger than the gap; these tell.
    """
    return min([newest_dial(session), *signs]) - max(AT_LEAST, timedelta(seconds=grace_s))


def look(sessions: Sessions, carrier: Carrier, call: CarrierCall) -> Found:
    """Find out what a carrier call is to us.

    Raises:
        CarrierBusy, CarrierSilent: the carrier cannot be asked for its Events.
    """
    with transaction(sessions) as tx:
        session = tx.session
        # In this order: a row that looks for its call finds it meanwhile, and never the other way round.
        sought = (Call.to_number == call.to_number) & Call.carrier_id.is_(None) & Call.state.in_(SOUGHT)
        may_be = session.scalar(select(Call.id).where(sought, Call.direction == Direction.OUTBOUND).limit(1))
        if session.scalar(select(Call.id).where(Call.carrier_id == call.carrier_id).limit(1)) is not None:
            return Found(call, Standing.KNOWN)
        stray = session.get(Stray, call.carrier_id)
        if stray is not None and not _never_dialed(session, stray.call_id):
            return Found(call, Standing.KNOWN)
        if may_be is not None:
            return Found(call, Standing.SOUGHT)
        from_us = session.scalar(select(CallerId.id).where(CallerId.phone == call.from_number).limit(1)) is not None
    asked = carrier.asked_urls(call.carrier_id)
    named = next((found for url in asked if (found := _uuid(urls.call_of(url))) is not None), None)
    if named is None and (asked or not from_us):
        return Found(call, Standing.FOREIGN)
    return Found(call, Standing.OURS if from_us else Standing.HOMELESS, named)


def recordings_without_row(session: Session, folder: Path) -> dict[UUID, tuple[str, datetime]]:
    """Recordings of calls that no row has: call → the newest file's name, and when it was last written to."""
    files: dict[UUID, tuple[str, datetime]] = {}
    for path in sorted(folder.glob("*.wav")) if folder.is_dir() else ():
        call_id = _uuid(path.stem.rpartition("-")[0])
        if call_id is not None:
            files[call_id] = (path.name, _written(path))
    known = set(session.scalars(select(Call.id).where(Call.id.in_(files)))) if files else set()
    return {call_id: file for call_id, file in files.items() if call_id not in known}


def _never_dialed(session: Session, call_id: UUID | None) -> bool:
    """Whether a stray is one only because an older state of the database has its call as not dialed."""
    state = session.scalar(select(Call.state).where(Call.id == call_id)) if call_id else None
    return state in (None, CallState.CLAIMED, CallState.WITHDRAWN)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
