"""Callbacks: stored raw first, then folded. What was stored and not folded, the sweeper folds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.calls.models import Call, Callback
from dialer.calls.reporting import Heard, Report, report
from dialer.calls.states import WAITS_AT_CARRIER
from dialer.db import Sessions, transaction
from dialer.errors import DialerError, NotFound
from dialer.telephony.base import CarrierStatus

FOLD_AT_ONCE = 200
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Folded:
    """What a callback did, for whoever must act on it after the commit."""

    call_id: UUID
    over: bool = False
    """The carrier's end is known now."""
    hang_up: str = ""
    """A carrier call that must end: a stray, or one that was given up before its id was known."""


def store(sessions: Sessions, kind: str, call_id: UUID, path: str, params: Mapping[str, str]) -> str:
    """Store what the carrier sent, once, under a hash of path and parameters. Returns the hash."""
    body = "\n".join([path, *(f"{key}={params[key]}" for key in sorted(params))])
    digest = hashlib.sha256(body.encode()).hexdigest()
    with transaction(sessions) as tx:
        tx.session.execute(
            upsert(Callback)
            .values(hash=digest, call_id=call_id, kind=kind, params=dict(params))
            .on_conflict_do_nothing(index_elements=[Callback.hash])
        )
    return digest


def fold(sessions: Sessions, digest: str) -> Folded | None:
    """Fold one stored callback into its call. None: it was folded before, or tells of no call of ours."""
    try:
        with transaction(sessions) as tx:
            session = tx.session
            row = session.scalars(
                select(Callback).where(Callback.hash == digest, Callback.folded_wall.is_(None)).with_for_update()
            ).first()
            if row is None or row.call_id is None:
                return None
            folded = _fold(session, row.call_id, row.kind, row.params)
            row.folded_wall = clock.wall(session)
    except NotFound as error:
        _give_up(sessions, digest, str(error))
        return None
    return folded


def unfolded(sessions: Sessions) -> list[str]:
    """Hashes of callbacks that were stored over 2 s ago and not folded, oldest first."""
    with transaction(sessions) as tx:
        return list(
            tx.session.scalars(
                select(Callback.hash)
                .where(
                    Callback.folded_wall.is_(None),
                    Callback.received_wall < func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, 2),
                )
                .order_by(Callback.received_wall)
                .limit(FOLD_AT_ONCE)
            )
        )


def _fold(session: Session, call_id: UUID, kind: str, params: Mapping[str, Any]) -> Folded:
    if kind == "amd":
        session.execute(
            update(Call)
            .where(Call.id == call_id, Call.answered_by.is_(None))
            .values(answered_by=params.get("AnsweredBy"))
        )
        return Folded(call_id)
    said = read(params)
    if said is None:
        return Folded(call_id)
    heard = report(session, call_id, said, now=clock.now(session), by=f"carrier {kind}")
    if heard is Heard.STRAY:
        return Folded(call_id, hang_up=said.carrier_id)
    unwanted = not said.status.over and session.scalar(
        select(Call.id).where(Call.id == call_id, Call.ending.is_not(None), Call.state.in_(WAITS_AT_CARRIER))
    )
    return Folded(call_id, over=said.status.over, hang_up=said.carrier_id if unwanted else "")


def read(params: Mapping[str, Any]) -> Report | None:
    """Read the carrier's parameters; None if they say nothing of a call's state."""
    carrier_id, status = str(params.get("CallSid") or ""), str(params.get("CallStatus") or "")
    if not carrier_id or status not in list(CarrierStatus):
        return None
    duration = str(params.get("CallDuration") or "")
    return Report(
        carrier_id=carrier_id,
        status=CarrierStatus(status),
        duration_s=int(duration) if duration.isdigit() else None,
        answered_by=params.get("AnsweredBy"),
        code=params.get("ErrorCode") or params.get("SipResponseCode"),
    )


def _give_up(sessions: Sessions, digest: str, error: str) -> None:
    """Keep a callback that nobody can fold, with the reason."""
    with transaction(sessions) as tx:
        tx.session.execute(
            update(Callback).where(Callback.hash == digest).values(folded_wall=func.clock_timestamp(), error=error)
        )


def fold_all(sessions: Sessions) -> list[Folded]:
    """Fold what was stored and not folded. A callback that fails is tried again by the next sweep."""
    done = []
    for digest in unfolded(sessions):
        try:
            folded = fold(sessions, digest)
        except (DialerError, DBAPIError) as error:  # one that cannot be folded must not hold up the others
            logger.warning("callback not folded", hash=digest, error=str(error))
            continue
        if folded is not None:
            done.append(folded)
    return done
