"""Opt-out wins: from the commit of an opt-out no dial to that number starts anywhere in the organization.

Dial and opt-out take the same per-phone lock. What the lock cannot stop is a dial that was let through just before: a
call in `dialing` may still be about to send its request. The opt-out waits, holding the lock, until the deadline of
that send has passed, and only then commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from dialer import clock
from dialer.calls import moving as calls_moving
from dialer.calls.models import Call, Direction
from dialer.calls.states import CallState
from dialer.db import Sessions, lock_phone, transaction
from dialer.leads import consent, suppression
from dialer.leads import moving as leads_moving
from dialer.leads.journal import Entry, Journal
from dialer.leads.models import Lead, LeadMove, LeadState

NUMBERS_PER_TRANSACTION = 200
DIALING_WAIT_S = 0.75
"""The dial's own deadline of 0.5 s between the commit of T2 and its first byte, and a margin."""
OPTED_OUT = "opted out"
"""The reason of leads and calls that an opt-out stopped."""

_TO_CANCEL = (CallState.DIALING, CallState.UNKNOWN, CallState.PLACED, CallState.RINGING)


@dataclass(frozen=True, slots=True)
class OptOut:
    """What an opt-out did."""

    suppressed: int
    """Numbers that were not suppressed before."""
    blocked: int
    """Leads that were due, waiting or claimed."""
    withdrawn: int
    """Calls that were claimed and not yet sent."""
    cancel: tuple[UUID, ...]
    """Calls that ring or may ring: the caller cancels each at the carrier as soon as its carrier id is known."""


def opt_out(
    sessions: Sessions,
    organization_id: UUID,
    phones: Iterable[str],
    *,
    how: str,
    source: str,
    by: str,
    secret: str,
    call_id: UUID | None = None,
    journal: Journal | None = None,
    at: datetime | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> OptOut:
    """Suppress numbers and stop whatever was about to call them. Committed, in parts of 200 numbers, on return.

    Must not be called by who holds a row: it takes phone locks. Asking twice does no harm.

    Args:
        phones: E.164.
        how: why they are suppressed, as evidence: "digit 9", "words", "reply STOP".
        source: spoken, digit, sms, api, csv, carrier, operator.
        call_id: the call in which the person said so. It goes on to its confirmation, and its outcome moves its lead.
        journal: written before each commit. One that cannot be written stops nothing: the person's wish outranks it.
            None: the opt-out stands there already.
        at: campaign time of the wish, if it was not now.
        wait: sleeps; given by tests.
    """
    suppressed = blocked = withdrawn = 0
    cancel: list[UUID] = []
    numbers = iter(sorted(set(phones)))
    while batch := list(islice(numbers, NUMBERS_PER_TRANSACTION)):
        with transaction(sessions) as tx:
            session = tx.session
            lock_phone(session, batch, organization_id)
            now = clock.now(session)
            said, wall = at or now, clock.wall(session)
            suppressed += suppression.suppress(
                session, organization_id, batch, reason=how, source=source, call_id=call_id, now=said, secret=secret
            )
            if journal is not None:
                digest = partial(suppression.phone_hash, secret)
                journal.record(
                    [Entry(organization_id, one, digest(one), how, source, call_id, said, wall) for one in batch]
                )
            consent.revoke(session, organization_id, batch, now=now)
            blocked += _block_leads(session, organization_id, batch, now=now, by=by)
            freed, stopped = _withdraw_claimed(session, organization_id, batch, now=now, by=by)
            blocked, withdrawn = blocked + freed, withdrawn + stopped
            session.flush()
            if _calls(session, organization_id, batch, [CallState.DIALING], but=call_id):
                wait(DIALING_WAIT_S)
            cancel += _calls(session, organization_id, batch, _TO_CANCEL, but=call_id)
    return OptOut(suppressed, blocked, withdrawn, tuple(cancel))


def _block_leads(session: Session, organization_id: UUID, phones: list[str], *, now: datetime, by: str) -> int:
    """Block the leads that wait for a call, in every campaign. Rows are locked in order of their ids."""
    these = (Lead.organization_id == organization_id, Lead.phone.in_(phones))
    # All of them, and first: an outcome that is just being written may be about to let one wait for its next call.
    session.execute(select(Lead.id).where(*these).order_by(Lead.id).with_for_update())
    blocked = (
        update(Lead)
        .where(*these, Lead.state.in_([LeadState.DUE, LeadState.WAITING]))
        .values(state=LeadState.BLOCKED, reason=OPTED_OUT, due_at=None, moved_at=now)
        .returning(Lead.id)
        .cte("blocked")
    )
    moves = insert(LeadMove).from_select(
        ["lead_id", "state", "at", "by", "why"],
        select(
            blocked.c.id,
            literal(LeadState.BLOCKED, LeadMove.state.type),
            literal(now),
            literal(by),
            literal(OPTED_OUT),
        ),
    )
    return len(session.scalars(moves.returning(LeadMove.lead_id)).all())


def _withdraw_claimed(
    session: Session, organization_id: UUID, phones: list[str], *, now: datetime, by: str
) -> tuple[int, int]:
    """Withdraw calls that are claimed and not sent, and take their leads out of flight: (leads, calls)."""
    claimed = session.execute(
        select(Call.id, Call.lead_id)
        .where(
            Call.organization_id == organization_id,
            Call.to_number.in_(phones),
            Call.direction == Direction.OUTBOUND,
            Call.state == CallState.CLAIMED,
        )
        .order_by(Call.lead_id)
    ).all()
    freed = stopped = 0
    for claimed_id, lead_id in claimed:
        if lead_id is not None:
            session.execute(select(Lead.id).where(Lead.id == lead_id).with_for_update())
        if not calls_moving.move(
            session, claimed_id, CallState.WITHDRAWN, now=now, by=by, why=OPTED_OUT, reason=OPTED_OUT
        ):
            continue
        stopped += 1
        if lead_id is not None:
            freed += leads_moving.move(
                session,
                lead_id,
                LeadState.BLOCKED,
                before=LeadState.IN_FLIGHT,
                now=now,
                by=by,
                why=OPTED_OUT,
                call_id=claimed_id,
            )
    return freed, stopped


def _calls(
    session: Session, organization_id: UUID, phones: list[str], states: Sequence[CallState], *, but: UUID | None
) -> list[UUID]:
    """Ids of the outbound calls to these numbers in these states, without the call `but`."""
    calls = select(Call.id).where(
        Call.organization_id == organization_id,
        Call.to_number.in_(phones),
        Call.direction == Direction.OUTBOUND,
        Call.state.in_(states),
    )
    return list(session.scalars(calls if but is None else calls.where(Call.id != but)))
