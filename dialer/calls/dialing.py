"""Placing one call: T2, the deadline, one POST, and what came of it (DESIGN.md section 3).

    claimed ──T2: phone lock, rules, compare-and-set──▶ dialing ──POST, once──▶ placed | failed | unknown | withdrawn

The POST is not idempotent and is sent at most once, because only the caller whose compare-and-set moved the call to
`dialing` sends it, and no call is `dialing` twice. Between T2's commit and the first byte lies a deadline: a process
that was frozen there finds it passed and withdraws, for nothing was sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.calls import gate, queries, reporting, urls
from dialer.calls.models import Call, Purpose
from dialer.calls.moving import move
from dialer.calls.states import CallState
from dialer.campaigns import lifecycle, rules
from dialer.campaigns import queries as campaign_queries
from dialer.campaigns.calendar import calendar
from dialer.campaigns.claiming import take_new_slot
from dialer.campaigns.models import CampaignState
from dialer.crash import crash_point
from dialer.db import Sessions, Transaction, lock_phone, transaction
from dialer.errors import CarrierBusy, CarrierRefused, CarrierSilent, Reach
from dialer.leads import consent, places, suppression
from dialer.leads import moving as lead_moving
from dialer.leads.models import Lead, LeadState
from dialer.leads.queries import hold_lead
from dialer.telephony.base import Carrier, CarrierStatus, Deadline, DialOrder
from dialer.telephony.models import CarrierAccount

DEADLINE_S = 0.5
"""From the moment T2's COMMIT is sent until the first byte of the POST."""
LATE_S = 2.0
"""A call that is later than this takes a new slot."""
MAX_CALL_S = 3600
BACKOFF_FIRST_S, BACKOFF_MAX_S = 1.0, 60.0
NOT_PROCESSED_RETRY_S = 5

BY = "leads.place"
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Dialing:
    """What placing needs: values and vendors, wired where the process starts."""

    sessions: Sessions
    carrier: Carrier
    public_url: str
    secret: str
    refused: Callable[[Transaction, Call, CarrierRefused], None]
    """Writes the outcome of a refused call, in the transaction that moves it."""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


def place(call_id: UUID, on: Dialing) -> None:
    """Dial one claimed call. Doubled, late or stale messages find nothing to do."""
    if not _wait_for_slot(call_id, on):
        return
    crash_point("leads.before_t2")
    order, deadline = _start_dialing(call_id, on)
    if order is None:
        return
    crash_point("leads.after_t2")
    try:
        crash_point("leads.before_post")
        carrier_id = on.carrier.place(order, deadline)
        crash_point("leads.after_post")
    except CarrierBusy as error:
        _not_processed(call_id, on, error)
    except CarrierRefused as error:
        _refused(call_id, on, error)
    except CarrierSilent as error:
        _unknown(call_id, on, str(error))
    else:
        crash_point("leads.before_record")
        _placed(call_id, on, carrier_id)


def _wait_for_slot(call_id: UUID, on: Dialing) -> bool:
    """Wait for the call's slot, 2 s at most. False: it is not to be dialed now, by this message."""
    with transaction(on.sessions) as tx:
        call = queries.one(tx.session, call_id)
        if call.state is not CallState.CLAIMED:
            return False
        now = clock.now(tx.session)
        slot = call.dial_at
        if (now - slot).total_seconds() > LATE_S:
            slot = take_new_slot(tx.session, call_id, call.carrier_account_id, now)
        wait_s = (slot - now).total_seconds()
    if wait_s > LATE_S:
        return False  # the sweeper comes back for it when its slot is near
    if wait_s > 0:
        on.sleep(wait_s)
    return True


def _start_dialing(call_id: UUID, on: Dialing) -> tuple[DialOrder | None, Deadline]:
    """T2: under the phone's lock, check that the call is lawful and move it to `dialing`, or withdraw it."""
    order = None
    with transaction(on.sessions) as tx:
        session = tx.session
        call = queries.one(session, call_id)
        lock_phone(session, call.to_number, call.organization_id)
        # From here on every statement sees what was committed while this one waited for the lock.
        hold_lead(session, call.lead_id)
        now = clock.now(session)
        no, closes_at = _check(session, call_id, on.secret, now)
        if no is rules.No.GATE_SHUT and gate.awaits_settling(session):
            logger.info("dial held until the restore is settled", call_id=str(call_id))
        elif no is not None:
            withdraw(session, queries.one(session, call_id), no, now=now, by=BY)
        elif _move_to_dialing(session, call, closes_at, now):
            order = _order(on.public_url, call)
        deadline = Deadline(on.monotonic() + DEADLINE_S)
    return order, deadline


def _check(session: Session, call_id: UUID, secret: str, now: datetime) -> tuple[rules.No | None, datetime | None]:
    """Ask the rules; also return when the window closes, less the time that ringing takes."""
    row = queries.dial_facts(session, call_id)
    call, lead, campaign, caller = row.Call, row.Lead, row.Campaign, row.CallerId
    phone, organization_id = call.to_number, call.organization_id
    barred = suppression.is_suppressed(session, organization_id, phone, secret)
    if call.purpose is Purpose.TEST:
        facts = rules.Facts(
            gate_shut=gate.is_shut(session),
            campaign_running=True,
            caller_id_stopped=caller is None or bool(caller.stopped_reason),
            calendar=None,
            place=places.parse(""),
            ring_timeout_s=call.ring_timeout_s,
            suppressed=barred,
            consented=True,
            attempts=0,
            max_attempts=1,
        )
        return rules.forbids(facts, now), None
    hours = calendar(campaign.windows, campaign.starts_on, campaign.ends_on)
    place = places.parse(lead.place)
    facts = rules.Facts(
        gate_shut=gate.is_shut(session),
        campaign_running=campaign.state is CampaignState.RUNNING,
        caller_id_stopped=caller is None or bool(caller.stopped_reason),
        calendar=hours,
        place=place,
        ring_timeout_s=call.ring_timeout_s,
        suppressed=barred,
        consented=consent.covers(session, organization_id, phone, row.purpose),
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
        in_flight=lead.state is LeadState.IN_FLIGHT,
    )
    closes_at = hours.closes_at(place, now)
    margin = timedelta(seconds=call.ring_timeout_s)
    return rules.forbids(facts, now), closes_at - margin if closes_at is not None else None


def _move_to_dialing(session: Session, call: Call, closes_at: datetime | None, now: datetime) -> bool:
    """The fence: of all who ever try this for a call, one succeeds, once in history."""
    won = move(
        session,
        call.id,
        CallState.DIALING,
        now=now,
        by=BY,
        why="lawful at this moment",
        dialing_at=now,
        dialing_wall=func.clock_timestamp(),
        closes_at=closes_at,
    )
    if won and call.lead_id is not None:
        session.execute(update(Lead).where(Lead.id == call.lead_id).values(attempts=Lead.attempts + 1))
    return won


def _order(public_url: str, call: Call) -> DialOrder:
    return DialOrder(
        to_number=call.to_number,
        from_number=call.from_number,
        answer_url=urls.for_carrier(public_url, "answer", call.id),
        fallback_url=urls.for_carrier(public_url, "continue", call.id),
        status_url=urls.for_carrier(public_url, "status", call.id),
        amd_url=urls.for_carrier(public_url, "amd", call.id),
        ring_timeout_s=call.ring_timeout_s,
        max_duration_s=MAX_CALL_S,
        detect_machine=call.purpose is Purpose.CAMPAIGN,
    )


def withdraw(session: Session, call: Call, no: rules.No | str, *, now: datetime, by: str, wait_s: float = 0) -> bool:
    """Take back a call that was never sent, and give its lead its next step. Withdrawn calls are no attempts.

    Args:
        call: `claimed`, or `dialing` when it is certain that not one byte was sent. One that the sweep has meanwhile
            made `unknown` is left to be settled.
        wait_s: how long the lead waits before it is due again.
    """
    hold_lead(session, call.lead_id)
    state = queries.held(session, call.id).state
    counted = state is CallState.DIALING
    if state is CallState.UNKNOWN or not move(
        session, call.id, CallState.WITHDRAWN, now=now, by=by, why=str(no), reason=str(no)
    ):
        return False
    if call.lead_id is None:
        return True
    if isinstance(no, rules.No) and (no.blocks_lead or no is rules.No.ATTEMPTS_USED_UP):
        to, due_at = LeadState.BLOCKED, None
    elif wait_s > 0:
        to, due_at = LeadState.WAITING, now + timedelta(seconds=wait_s)
    else:
        to, due_at = LeadState.DUE, now
    lead_moving.move(
        session,
        call.lead_id,
        to,
        before=LeadState.IN_FLIGHT,
        now=now,
        by=by,
        why=str(no),
        due_at=due_at,
        call_id=call.id,
        attempts_by=-1 if counted else 0,
    )
    return True


def _not_processed(call_id: UUID, on: Dialing, error: CarrierBusy) -> None:
    """The carrier never processed it: the account backs off, the lead is due again, the next claim makes a new row."""
    with transaction(on.sessions) as tx:
        session = tx.session
        call = queries.one(session, call_id)
        now = clock.now(session)
        account = campaign_queries.account_for_update(session, call.carrier_account_id)
        account.backoff_s = min(BACKOFF_MAX_S, max(BACKOFF_FIRST_S, account.backoff_s * 2))
        wait_s = max(account.backoff_s, error.wait_s or 0)
        account.backoff_until = clock.wall(session) + timedelta(seconds=wait_s)
        withdraw(session, call, f"not processed: {error}", now=now, by=BY, wait_s=max(wait_s, NOT_PROCESSED_RETRY_S))


def _refused(call_id: UUID, on: Dialing, error: CarrierRefused) -> None:
    """The carrier said no. The code decides whether the lead, the caller id or the whole campaign stops."""
    with transaction(on.sessions) as tx:
        session = tx.session
        row = queries.dial_facts(session, call_id)
        now = clock.now(session)
        if error.reach is Reach.CAMPAIGN and row.Campaign is not None:
            lifecycle.pause_if_running(session, row.Campaign.id, now=now, by=BY, why=str(error))
        elif error.reach is Reach.CALLER_ID and row.CallerId is not None:
            row.CallerId.stopped_reason = str(error)
        hold_lead(session, row.Call.lead_id)
        moved = move(
            session,
            call_id,
            CallState.FAILED,
            now=now,
            by=BY,
            why=str(error),
            reason=str(error),
            carrier_code=error.code,
        )
        if moved:
            on.refused(tx, queries.one(session, call_id), error)


def _unknown(call_id: UUID, on: Dialing, why: str) -> None:
    """Nobody knows whether it rings. The lead is held, and the carrier will be asked."""
    with transaction(on.sessions) as tx:
        move(tx.session, call_id, CallState.UNKNOWN, now=clock.now(tx.session), by=BY, why=why)
    logger.warning("dial unknown", call_id=str(call_id), why=why)


def _placed(call_id: UUID, on: Dialing, carrier_id: str) -> None:
    """The carrier accepted. A callback may have said so before; the reply then only confirms it."""
    with transaction(on.sessions) as tx:
        session = tx.session
        call = queries.one(session, call_id)
        session.execute(
            update(CarrierAccount)
            .where(CarrierAccount.id == call.carrier_account_id, CarrierAccount.backoff_s > 0)
            .values(backoff_s=0)
        )
        said = reporting.Report(carrier_id, CarrierStatus.QUEUED)
        heard = reporting.report(session, call_id, said, now=clock.now(session), by=BY)
        unwanted = heard is reporting.Heard.STRAY or queries.one(session, call_id).ending is not None
    if unwanted:
        on.carrier.hang_up(carrier_id)
