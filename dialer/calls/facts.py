"""How each fact of a conversation becomes rows. One transaction each; an opt-out is its own, before anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeGuard
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer import clock
from dialer.calls import queries, recalling, tallies, turns, using
from dialer.calls.models import Call, Direction, SeatState
from dialer.calls.moving import move
from dialer.calls.recalling import Lookup
from dialer.calls.states import CallState
from dialer.calls.using import Outside, Pending
from dialer.conversation.facts import (
    Ending,
    EndReason,
    Fact,
    HandedIn,
    KnowledgeWanted,
    Lapsed,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Reply,
    StreamStarted,
    ToolWanted,
    TurnFinished,
    TurnMasked,
    TurnUnderstood,
)
from dialer.db import Sessions, transaction
from dialer.leads.optout import OptOut

LOST = Reply(ok=False, lost=True)
_ANOTHER_MAY_GO_ON = (EndReason.FAILED, EndReason.LOST)
"""What is no end of the call: the stream broke, or this seat's vendors. The carrier asks what is next."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose facts these are."""

    call_id: UUID
    epoch: int
    worker: str

    @property
    def by(self) -> str:
        """How moves name this seat."""
        return f"seat {self.worker}#{self.epoch}"


@dataclass(frozen=True, slots=True)
class Effects:
    """What facts may cause beyond their own rows."""

    opt_out: Callable[[UUID, str, str, UUID, str], OptOut]
    """(organization, phone, how, call, by) → what it did; commits by itself."""
    cancel: Callable[[Iterable[UUID]], None]
    """Hang up calls at the carrier."""
    outside: Outside = field(default_factory=Outside)
    """What tools reach."""


def apply(fact: Fact, seat: Seat, sessions: Sessions, effects: Effects) -> Reply | Pending | Lookup:
    """Commit a fact, if the seat still holds the call. What reaches outside is still to be finished then.

    An opt-out counts even if the seat has lost the call: the person said it.
    """
    if asks_out(fact):
        _opt_out(fact, seat, sessions, effects)
    with transaction(sessions) as tx:
        session = tx.session
        if isinstance(fact, TurnFinished) and turns.store(session, fact, seat.call_id, seat.epoch, seat.worker):
            return Reply()
        if isinstance(fact, TurnUnderstood):
            turns.understood(session, fact, seat.call_id, seat.epoch)
            return Reply()
        call = held(session, seat)
        if isinstance(fact, HandedIn):
            tallies.store(session, seat.call_id, seat.epoch, fact.counters)
        if call is None:
            return LOST
        return _record(session, call, fact, seat, clock.now(session), sessions, effects)


def held(session: Session, seat: Seat) -> Call | None:
    """Lock the call's row if it still belongs to this seat."""
    return session.scalars(
        select(Call)
        .where(Call.id == seat.call_id, Call.seat_epoch == seat.epoch, Call.seat_worker == seat.worker)
        .with_for_update()
    ).first()


def asks_out(fact: Fact) -> TypeGuard[OptedOut | ToolWanted]:
    """Whether the person asks for no more calls."""
    return isinstance(fact, OptedOut) or (isinstance(fact, ToolWanted) and fact.name == "do_not_call")


def _opt_out(fact: OptedOut | ToolWanted, seat: Seat, sessions: Sessions, effects: Effects) -> None:
    """Suppress the person's number, in a transaction of its own.

    The wish is written down first: if that is all that can be done, the outcome suppresses the number.
    """
    with transaction(sessions) as tx:
        call = queries.held(tx.session, seat.call_id)
        call.opted_out_at = call.opted_out_at or clock.now(tx.session)
        person = call.to_number if call.direction is Direction.OUTBOUND else call.from_number
        organization_id = call.organization_id
    how = f"{fact.how}: {fact.words}" if isinstance(fact, OptedOut) else "asked the agent"
    done = effects.opt_out(organization_id, person, how, seat.call_id, seat.by)
    effects.cancel(call_id for call_id in done.cancel if call_id != seat.call_id)


def _record(
    session: Session, call: Call, fact: Fact, seat: Seat, now: datetime, sessions: Sessions, effects: Effects
) -> Reply | Pending | Lookup:
    match fact:
        case StreamStarted(stream_id=stream_id):
            call.stream_id, call.seat_url = stream_id, None
            move(session, call.id, CallState.TALKING, now=now, by=seat.by, why="the stream is up")
        case TurnFinished() | OptedOut():
            pass  # it stands already
        case TurnMasked():
            turns.mask(session, call.id, fact)
        case OpenerCompleted():
            call.opener_done_at = call.opener_done_at or now
        case MachineHeard():
            _who_answered(call, fact)
        case ToolWanted():
            return using.use(session, call, fact, now=now, sessions=sessions, outside=effects.outside)
        case KnowledgeWanted():
            return recalling.recall(session, call, fact, effects.outside.knowledge)
        case Ending(reason=reason, transfer_to=number):
            call.ending, call.transfer_to, call.transfer = reason.value, number or call.transfer_to, None
        case HandedIn():
            _hand_in(session, call, fact)
        case Lapsed():
            call.seat, call.seat_url = SeatState.NONE, None
    return Reply()


def _who_answered(call: Call, fact: MachineHeard) -> None:
    """The last verdict stands; all evidence is kept, a line each, once."""
    line = f"{fact.at_s:.1f} s: {fact.verdict}: {fact.evidence}"
    before = (call.machine_evidence or "").splitlines()
    if line not in before:
        call.machine, call.machine_evidence = fact.verdict, "\n".join([*before, line])


def _hand_in(session: Session, call: Call, fact: HandedIn) -> None:
    """Told twice, it stands once: the seconds of several seats are added up."""
    if call.handed_in_wall is not None:
        return
    call.handed_in_wall = clock.wall(session)
    call.talk_s = (call.talk_s or 0.0) + fact.talk_s
    call.recording = fact.recording or call.recording
    if fact.reason not in _ANOTHER_MAY_GO_ON:
        call.ending = call.ending or fact.reason.value
