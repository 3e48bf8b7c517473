"""What the carrier is told when a person picks up, and when a stream has ended. The row decides.

Every decision is made in a short transaction and comes back as a value; the web process turns it into markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from dialer import clock
from dialer.agents import store
from dialer.calls import by_turns, queries, reporting, seats, transferring
from dialer.calls.models import Call, Direction, SeatState
from dialer.calls.moving import move
from dialer.calls.states import LIVE, NEXT, CallState
from dialer.conversation.facts import EndReason
from dialer.db import Sessions, transaction
from dialer.leads import suppression
from dialer.leads.models import Lead
from dialer.telephony.base import CarrierStatus

TRANSFERABLE = LIVE | {CallState.TRANSFERRED}


class Do(StrEnum):
    """What the carrier shall do with the call."""

    WAIT = "wait"
    """Ask for a seat: `epoch` says which."""
    CONNECT = "connect"
    DROP = "drop"
    """Play the lawful drop message, then hang up: nobody had a seat."""
    ASK_DIGIT = "ask_digit"
    """The same for a person who called us: they may press 9."""
    TRANSFER = "transfer"
    CALL_COLLEAGUE = "call_colleague"
    """The same, once the colleague has heard what it is about and accepted."""
    HANG_UP = "hang_up"
    TURNS = "turns"
    """No stream: the carrier speaks and listens, turn by turn."""
    NOTHING = "nothing"
    """The call is over; an empty answer."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and with what."""

    do: Do
    epoch: int = 0
    url: str = ""
    number: str = ""
    caller_id: str = ""
    stray: str = ""
    """A carrier call that must be hung up."""


def answered(sessions: Sessions, call_id: UUID, said: reporting.Report, *, secret: str) -> Decision:
    """Decide on a person who picked up. Asked again with the same carrier id, the answer is the same.

    Raises:
        NotFound: there is no such call.
    """
    with transaction(sessions) as tx:
        session = tx.session
        now = clock.now(session)
        picked_up = reporting.Report(said.carrier_id, CarrierStatus.IN_PROGRESS, answered_by=said.answered_by)
        heard = reporting.report(session, call_id, picked_up, now=now, by="carrier answer")
        if heard is reporting.Heard.STRAY:
            return Decision(Do.HANG_UP, stray=said.carrier_id)
        call = queries.one(session, call_id)
        if call.state not in LIVE or call.ending is not None:
            return Decision(Do.HANG_UP)
        if _opted_out(session, call, secret):
            return Decision(Do.HANG_UP)
        return _seat(session, call)


def continued(
    sessions: Sessions, call_id: UUID, said: reporting.Report | None, *, secret: str, refused: str = ""
) -> Decision:
    """Decide on a call whose stream has ended, that was redirected because its worker fell silent, or whose answer URL
    failed. Asked again, a transfer stays a transfer.

    Args:
        sessions: the database.
        call_id: the call.
        said: what the carrier says of it.
        secret: keys the hashes of suppressed numbers.
        refused: why the carrier would not open the stream, if that was so.

    Raises:
        NotFound: there is no such call.
    """
    with transaction(sessions) as tx:
        session = tx.session
        now = clock.now(session)
        if said is not None:
            if reporting.report(session, call_id, said, now=now, by="carrier continue") is reporting.Heard.STRAY:
                return Decision(Do.HANG_UP, stray=said.carrier_id)
            if said.status.over:
                return Decision(Do.NOTHING)
        call = queries.one(session, call_id)
        if not NEXT[call.state]:
            return Decision(Do.NOTHING)
        if call.transfer == transferring.ACCEPTED:
            return Decision(Do.HANG_UP)  # the colleague's call is over, and with it this one
        if call.ending == EndReason.TRANSFER and call.state in LIVE and transferring.is_warm(session, call):
            return _ask_colleague(session, call, secret)
        if call.ending == EndReason.TRANSFER and call.transfer_to and call.state in TRANSFERABLE:
            if call.state in LIVE and transferring.forbidden(session, call, secret=secret):
                return _keep(session, call)
            move(session, call_id, CallState.TRANSFERRED, now=now, by="carrier continue", why="transfer was agreed")
            return Decision(Do.TRANSFER, number=call.transfer_to, caller_id=_ours(call))
        failed = call.ending == EndReason.FAILED and call.seat is SeatState.TAKEN
        if failed and call.state in LIVE and _by_turns(session, call, "no vendor could go on"):
            return Decision(Do.TURNS)
        if call.ending is not None or call.state not in LIVE:
            return Decision(Do.HANG_UP)
        if refused and call.seat is SeatState.TAKEN and _by_turns(session, call, f"no stream: {refused}"):
            return Decision(Do.TURNS)
        if call.seat_epoch == 0 and _opted_out(session, call, secret):
            return Decision(Do.HANG_UP)
        return _seat(session, call, again=True)


def came_back(sessions: Sessions, call_id: UUID, said: reporting.Report | None, *, secret: str) -> Decision:
    """Decide on a person whose transfer is over: with the colleague's call, or because there was none.

    Raises:
        NotFound: there is no such call.
    """
    with transaction(sessions) as tx:
        session = tx.session
        call = queries.one(session, call_id)
        session.refresh(call, with_for_update=True)
        transferring.come_back(call)
    return continued(sessions, call_id, said, secret=secret)


def gave_up(sessions: Sessions, call_id: UUID, epoch: int) -> Decision:
    """Nobody had a seat in time: abandon the call, unless a worker has just taken it."""
    with transaction(sessions) as tx:
        call = queries.one(tx.session, call_id)
        wanted = call.seat is SeatState.WANTED and call.seat_epoch == epoch
        if wanted and _by_turns(tx.session, call, "no seat was free"):
            return Decision(Do.TURNS)
        if seats.give_up(tx.session, call_id, epoch):
            return _drop(queries.one(tx.session, call_id))
        url = seats.url_of(tx.session, call_id, epoch)
        return Decision(Do.CONNECT, url=url) if url else Decision(Do.HANG_UP)


def seated(sessions: Sessions, call_id: UUID, epoch: int) -> str | None:
    """Where the stream shall connect, if a worker has taken the call by now."""
    with transaction(sessions) as tx:
        return seats.url_of(tx.session, call_id, epoch)


def drop_message(sessions: Sessions, call_id: UUID) -> tuple[str, str]:
    """The recorded-message text that an abandoned person must hear, and its language: who called, and a number."""
    with transaction(sessions) as tx:
        call = queries.one(tx.session, call_id)
        agent = store.definition_of(tx.session, call.agent_version_id)
        lead = tx.session.get(Lead, call.lead_id) if call.lead_id else None
        names = {"first_name": lead.first_name, "company": lead.company} if lead else {}
        if not agent.callback_number:
            ours = call.from_number if call.direction is Direction.OUTBOUND else call.to_number
            agent = agent.model_copy(update={"callback_number": ours})
        text = agent.drop if call.direction is Direction.OUTBOUND else agent.inbound_closed
        return agent.say(text, names), agent.language


def _opted_out(session: Session, call: Call, secret: str) -> bool:
    """Whether we called somebody who has opted out meanwhile; then the call is given up."""
    if call.direction is not Direction.OUTBOUND:
        return False
    if not suppression.is_suppressed(session, call.organization_id, call.to_number, secret):
        return False
    call.ending = EndReason.OPT_OUT.value
    return True


def _ask_colleague(session: Session, call: Call, secret: str) -> Decision:
    """Call a colleague who must accept; if none may be called, the person goes on with the agent."""
    if transferring.ask(session, call, secret=secret):
        return Decision(Do.CALL_COLLEAGUE, number=call.transfer_to or "", caller_id=_ours(call))
    return _keep(session, call)


def _keep(session: Session, call: Call) -> Decision:
    """Whom the person should go to may not be called: they go on with the agent."""
    transferring.decline(call)
    session.flush()
    return _seat(session, call, again=True)


def _ours(call: Call) -> str:
    """Our number of a call."""
    return call.from_number if call.direction is Direction.OUTBOUND else call.to_number


def _seat(session: Session, call: Call, *, again: bool = False) -> Decision:
    """Ask for a seat, or say which one the call has already."""
    if call.seat is SeatState.GIVEN_UP:
        return _drop(call)
    if call.seat is SeatState.BY_TURNS:
        return Decision(Do.TURNS)
    if not again and call.seat is SeatState.TAKEN and call.seat_url:
        return Decision(Do.CONNECT, url=call.seat_url)
    if call.seat is SeatState.WANTED:
        return Decision(Do.WAIT, epoch=call.seat_epoch)
    epoch = seats.ask(session, call.id, beyond=call.seat_epoch)
    if epoch is None and _by_turns(session, call, "no stream would hold"):
        return Decision(Do.TURNS)
    return Decision(Do.WAIT, epoch=epoch) if epoch is not None else _drop(call)


def _by_turns(session: Session, call: Call, why: str) -> bool:
    return by_turns.allowed(session, call) and by_turns.take(session, call, why=why)


def _drop(call: Call) -> Decision:
    return Decision(Do.DROP if call.direction is Direction.OUTBOUND else Do.ASK_DIGIT)
