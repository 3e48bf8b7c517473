"""Settling what nobody knows, by asking the carrier; never by sending again.

An `unknown` call is looked for by To and From since T2 less a minute, among carrier calls that no row has. Exactly one:
it is ours. Several: their Events tell which asked for our URL. None counts only after a grace that is longer than any
pause of a process: then the call was never placed. Whatever cannot be asked is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.calls import queries, urls
from dialer.calls.models import Call, Direction, Stray
from dialer.calls.moving import move
from dialer.calls.reporting import Heard, Report, report
from dialer.calls.states import WAITS_AT_CARRIER, CallState
from dialer.db import Sessions, Transaction, transaction
from dialer.errors import CarrierRefused, DialerError, NotFound, Reach
from dialer.leads.models import Suppression
from dialer.leads.queries import hold_lead
from dialer.outcomes.finishing import Finishing, refused
from dialer.telephony.base import Carrier, CarrierCall, CarrierStatus

SENT_BEFORE_S = 60
"""The carrier's clock and ours may differ by this much."""
ASK_AGAIN_S = 5
LOST_REPLY_S = 15
"""A call that has been `dialing` for this long without a carrier id is unknown."""
POLL_MARGIN_S = 20
"""How much longer than it may ring a call may wait for its callbacks before the carrier is asked."""
FORGOTTEN_S = 2 * 3600
"""Longer than any call may last."""
BY = "leads.reconcile"
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Settling:
    """What settling needs."""

    sessions: Sessions
    carrier: Carrier
    grace_s: float
    finishing: Finishing


def give_up_waiting(sessions: Sessions) -> list[UUID]:
    """Move calls to `unknown` whose POST's reply never came: their process died, or is frozen."""
    with transaction(sessions) as tx:
        session = tx.session
        stuck = session.scalars(
            select(Call.id)
            .where(
                Call.state == CallState.DIALING,
                Call.carrier_id.is_(None),
                Call.dialing_wall < func.clock_timestamp() - text(f"interval '{LOST_REPLY_S} s'"),
            )
            .order_by(Call.id)  # two sweeps lock them in one order
        ).all()
        now = clock.now(session)
        return [
            call_id
            for call_id in stuck
            if move(session, call_id, CallState.UNKNOWN, now=now, by=BY, why=f"no reply for {LOST_REPLY_S} s")
        ]


def to_settle(session: Session, limit: int) -> list[UUID]:
    """Unknown calls that were not asked about for a while, the longest first."""
    return list(
        session.scalars(
            select(Call.id)
            .where(
                Call.state == CallState.UNKNOWN,
                or_(
                    Call.settle_wall.is_(None),
                    Call.settle_wall < func.clock_timestamp() - text(f"interval '{ASK_AGAIN_S} s'"),
                ),
            )
            .order_by(Call.settle_wall.asc().nulls_first())
            .limit(limit)
        )
    )


def settle(call_id: UUID, on: Settling) -> str:
    """Ask the carrier about one unknown call. Returns in a word what is known now.

    A carrier that cannot be asked leaves the call as it is: held, and shown.
    """
    with transaction(on.sessions) as tx:
        call = queries.one(tx.session, call_id)
        if call.state is not CallState.UNKNOWN:
            return "settled before"
        call.settle_wall = asked = clock.wall(tx.session)
        sent = call.dialing_wall
    if sent is None:
        return "held"
    try:
        found = on.carrier.find(
            to_number=call.to_number, from_number=call.from_number, since=sent - timedelta(seconds=SENT_BEFORE_S)
        )
        ours = _ours(call_id, _without_row(on.sessions, found), on.carrier)
    except DialerError as error:
        logger.warning("unknown call held", call_id=str(call_id), error=str(error))
        return "held"
    if len(ours) == 1:
        return adopt(call_id, ours[0], on)
    if ours:
        return "held"
    if (asked - sent).total_seconds() > on.grace_s:
        return _never_placed(call_id, on)
    return "not there yet"


def _without_row(sessions: Sessions, found: list[CarrierCall]) -> list[CarrierCall]:
    ids = [call.carrier_id for call in found]
    with transaction(sessions) as tx:
        known = set(tx.session.scalars(select(Call.carrier_id).where(Call.carrier_id.in_(ids))))
        known |= set(tx.session.scalars(select(Stray.carrier_id).where(Stray.carrier_id.in_(ids))))
    return [call for call in found if call.ordered and call.carrier_id not in known]


def _ours(call_id: UUID, found: list[CarrierCall], carrier: Carrier) -> list[CarrierCall]:
    """Of the candidates, the one whose Events show our URL, else all whose Events name no other attempt."""
    named = {call.carrier_id: _named(call, carrier) for call in found}
    ours = [call for call in found if str(call_id) in named[call.carrier_id]]
    return ours if len(ours) == 1 else [call for call in found if call in ours or not named[call.carrier_id]]


def _named(call: CarrierCall, carrier: Carrier) -> set[str]:
    """Which attempts a carrier call has asked about."""
    return {named for url in carrier.asked_urls(call.carrier_id) if (named := urls.call_of(url))}


def adopt(call_id: UUID, found: CarrierCall, on: Settling) -> str:
    """Give a call the carrier call that was found for it, and its state."""
    said = Report(found.carrier_id, found.status, duration_s=found.duration_s, answered_by=found.answered_by)
    with transaction(on.sessions) as tx:
        heard = report(tx.session, call_id, said, now=clock.now(tx.session), by=BY)
    if found.status.over:
        on.finishing.messages.send("results.finish", str(call_id))
    return "stray" if heard is Heard.STRAY else "adopted"


def _never_placed(call_id: UUID, on: Settling) -> str:
    """The grace is over and the carrier has nothing: the call was never placed, and the lead's policy decides."""
    with transaction(on.sessions) as tx:
        session = tx.session
        hold_lead(session, queries.one(session, call_id).lead_id)
        if queries.held(session, call_id).state is not CallState.UNKNOWN:
            return "settled before"
        why = f"the carrier has no such call after {on.grace_s:.0f} s"
        move(session, call_id, CallState.FAILED, now=clock.now(session), by=BY, why=why, reason="not placed")
        _outcome(tx, call_id, why, on)
    return "not placed"


def _outcome(tx: Transaction, call_id: UUID, why: str, on: Settling) -> None:
    error = CarrierRefused("not_placed", why, Reach.LEAD)
    refused(on.finishing)(tx, queries.one(tx.session, call_id), error)


def to_poll(session: Session, limit: int) -> list[UUID]:
    """Open calls with a carrier id that should have said something by now: past ringing, or past the longest talk."""
    quiet_s = func.make_interval(0, 0, 0, 0, 0, 0, Call.ring_timeout_s + POLL_MARGIN_S)
    ringing = Call.state.in_((CallState.PLACED, CallState.RINGING))
    return list(
        session.scalars(
            select(Call.id)
            .where(
                Call.carrier_id.is_not(None),
                or_(
                    ringing & (Call.moved_wall < func.clock_timestamp() - quiet_s),
                    Call.state.in_((CallState.ANSWERED, CallState.TALKING, CallState.TRANSFERRED))
                    & or_(
                        Call.handed_in_wall < func.clock_timestamp() - text(f"interval '{LOST_REPLY_S} s'"),
                        (Call.seat != "taken")
                        & (Call.moved_wall < func.clock_timestamp() - text(f"interval '{LOST_REPLY_S} s'")),
                        Call.moved_wall < func.clock_timestamp() - text("interval '1 hour'"),
                    ),
                ),
                or_(
                    Call.settle_wall.is_(None),
                    Call.settle_wall < func.clock_timestamp() - text(f"interval '{ASK_AGAIN_S} s'"),
                ),
            )
            .order_by(Call.settle_wall.asc().nulls_first())
            .limit(limit)
        )
    )


def poll(call_id: UUID, on: Settling) -> None:
    """Ask how an open call stands, whose callbacks seem lost."""
    with transaction(on.sessions) as tx:
        call = queries.one(tx.session, call_id)
        call.settle_wall = clock.wall(tx.session)
    if call.carrier_id is None:
        return
    try:
        adopt(call_id, on.carrier.fetch(call.carrier_id), on)
    except NotFound:
        _forgotten(call_id, on)
    except DialerError as error:
        logger.warning("open call not polled", call_id=str(call_id), error=str(error))


def _forgotten(call_id: UUID, on: Settling) -> None:
    """End a call that the carrier no longer knows, once it is too old to ring or talk; until then it is held."""
    logger.error("the carrier has forgotten an open call", call_id=str(call_id))
    with transaction(on.sessions) as tx:
        call = queries.one(tx.session, call_id)
        old = (clock.wall(tx.session) - call.moved_wall).total_seconds() > FORGOTTEN_S
        if old and call.carrier_id is not None:
            said = Report(call.carrier_id, CarrierStatus.FAILED, code="forgotten")
            report(tx.session, call_id, said, now=clock.now(tx.session), by=BY)


def given_up(session: Session) -> list[tuple[UUID, str]]:
    """Calls (id, carrier id) that wait at the carrier or ring though the person has opted out.

    Their cancelling failed, or was lost with its process, or came before the carrier's id was known.
    """
    opted_out = exists().where(Suppression.organization_id == Call.organization_id, Suppression.phone == Call.to_number)
    rows = session.execute(
        select(Call.id, Call.carrier_id).where(
            Call.direction == Direction.OUTBOUND,
            Call.state.in_(WAITS_AT_CARRIER),
            Call.carrier_id.is_not(None),
            Call.ending.is_not(None) | opted_out,
        )
    )
    return [(call_id, carrier_id) for call_id, carrier_id in rows if carrier_id]


def past_window(session: Session, now: datetime) -> list[tuple[UUID, str]]:
    """Calls (id, carrier id) that still wait at the carrier, or ring, when their lawful window has ended."""
    rows = session.execute(
        select(Call.id, Call.carrier_id).where(
            Call.direction == Direction.OUTBOUND,
            Call.state == CallState.PLACED,
            Call.closes_at < now,
            Call.carrier_id.is_not(None),
        )
    )
    return [(call_id, carrier_id) for call_id, carrier_id in rows if carrier_id]


def cancel(call_ids: list[UUID], on: Settling) -> None:
    """Cancel calls at the carrier. One whose id is not known yet is marked, and hung up as soon as it is."""
    for call_id in call_ids:
        with transaction(on.sessions) as tx:
            tx.session.execute(update(Call).where(Call.id == call_id, Call.ending.is_(None)).values(ending="opt_out"))
            carrier_id = queries.one(tx.session, call_id).carrier_id
        if carrier_id is None:
            continue
        try:
            on.carrier.hang_up(carrier_id)
        except DialerError as error:
            logger.warning("call not cancelled", call_id=str(call_id), error=str(error))
