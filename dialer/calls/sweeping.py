"""The sweep: what a row says is due and nobody has moved is woken again. It makes lost messages harmless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import func, select, text

from dialer import clock, log
from dialer.calls import callbacks, gate, seats, settling, urls
from dialer.calls.models import Call, SeatState
from dialer.calls.states import LIVE, CallState
from dialer.crm import queries as outbox
from dialer.db import transaction
from dialer.errors import DialerError
from dialer.outcomes import finishing
from dialer.training import queries as training

AT_ONCE = 500
CLAIMED_STALE_S = 3
WANTED_STALE_S = 0.5

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sweeping:
    """What the sweep needs."""

    settling: settling.Settling
    public_url: str


def sweep(on: Sweeping) -> dict[str, int]:
    """Wake what is due. Returns how many of each kind, for the log."""
    return {name: _part(name, part, on) for name, part in PARTS.items()}


def _part(name: str, part: Callable[[Sweeping], int], on: Sweeping) -> int:
    """Do one part of the sweep: whatever stops it must not stop the others."""
    try:
        return part(on)
    except Exception:
        logger.exception("part of the sweep failed", part=name)
        return 0


def watch_seats(on: Sweeping) -> int:
    """Send live calls whose worker fell silent to another seat, and ask again for those that still want one."""
    sessions, messages = on.settling.sessions, on.settling.finishing.messages
    with transaction(sessions) as tx:
        lost = seats.orphans(tx.session)
        wanted = tx.session.execute(
            select(Call.id, Call.seat_epoch).where(
                Call.state.in_(LIVE),
                Call.seat == SeatState.WANTED,
                Call.seat_wall < func.clock_timestamp() - text(f"interval '{WANTED_STALE_S} s'"),
            )
        ).all()
        seats.forget_workers(tx.session)
    for call_id, epoch in wanted:
        messages.send("calls.converse", str(call_id), str(epoch))
    for call_id, carrier_id in lost:
        try:
            on.settling.carrier.redirect(carrier_id, urls.for_carrier(on.public_url, "continue", call_id))
        except DialerError as error:
            logger.warning("live call not redirected", call_id=str(call_id), error=str(error))
    return len(lost)


def _claimed(on: Sweeping) -> int:
    """Calls whose wake-up was lost: claimed, past their slot, and not moved."""
    with transaction(on.settling.sessions) as tx:
        if gate.awaits_settling(tx.session):
            return 0
        now = clock.now(tx.session)
        stale = tx.session.scalars(
            select(Call.id)
            .where(
                Call.state == CallState.CLAIMED,
                Call.moved_wall < func.clock_timestamp() - text(f"interval '{CLAIMED_STALE_S} s'"),
                Call.dial_at <= now,
            )
            .order_by(Call.dial_at)
            .limit(AT_ONCE)
        ).all()
    for call_id in stale:
        on.settling.finishing.messages.send("leads.place", str(call_id))
    return len(stale)


def _callbacks(on: Sweeping) -> int:
    folded = callbacks.fold_all(on.settling.sessions)
    for done in folded:
        act(done, on.settling)
    return len(folded)


def act(done: callbacks.Folded, on: settling.Settling) -> None:
    """Do what a folded callback asks for, after its commit."""
    if done.hang_up:
        try:
            on.carrier.hang_up(done.hang_up)
        except DialerError as error:
            logger.error("call not hung up", carrier_id=done.hang_up, error=str(error))
    if done.over:
        on.finishing.messages.send("results.finish", str(done.call_id))


def _reconcile(on: Sweeping) -> int:
    with transaction(on.settling.sessions) as tx:
        asked = settling.to_settle(tx.session, AT_ONCE) + settling.to_poll(tx.session, AT_ONCE)
    for call_id in asked:
        on.settling.finishing.messages.send("leads.reconcile", str(call_id))
    return len(asked)


def reconcile(call_id: UUID, on: settling.Settling) -> None:
    """Ask the carrier about one call: settle it if it is unknown, poll it if it is open."""
    with transaction(on.sessions) as tx:
        state = tx.session.scalar(select(Call.state).where(Call.id == call_id))
    if state is CallState.UNKNOWN:
        settling.settle(call_id, on)
    elif state is not None:
        settling.poll(call_id, on)


def _given_up(on: Sweeping) -> int:
    with transaction(on.settling.sessions) as tx:
        calls = settling.given_up(tx.session)
    return _cancel(calls, on, "an opt-out came before")


def _past_window(on: Sweeping) -> int:
    """Cancel calls that the carrier still queues when their lawful window has ended."""
    with transaction(on.settling.sessions) as tx:
        late = settling.past_window(tx.session, clock.now(tx.session))
    return _cancel(late, on, "its window has ended")


def _cancel(calls: list[tuple[UUID, str]], on: Sweeping, why: str) -> int:
    """Have calls hung up by the lead workers: a carrier that does not answer must not hold up the ticks."""
    for call_id, carrier_id in calls:
        logger.info("call is cancelled", call_id=str(call_id), why=why)
        on.settling.finishing.messages.send("leads.hang_up", carrier_id)
    return len(calls)


def _outcomes(on: Sweeping) -> int:
    due = finishing.missing(on.settling.sessions, AT_ONCE)
    for call_id in due:
        on.settling.finishing.messages.send("results.finish", str(call_id))
    return len(due)


def _outbox(on: Sweeping) -> int:
    with transaction(on.settling.sessions) as tx:
        due = outbox.due_ids(tx.session, on.settling.finishing.destinations, limit=AT_ONCE)
    if due:
        on.settling.finishing.messages.send("outbox.drain")
    return len(due)


def _trainings(on: Sweeping) -> int:
    """Models that nobody has begun to train, or whose worker died."""
    with transaction(on.settling.sessions) as tx:
        due = training.waiting(tx.session)
    for model_id in due:
        on.settling.finishing.messages.send("results.train", str(model_id))
    return len(due)


# What the carrier must do comes last: it may be slow to answer.
PARTS: Mapping[str, Callable[[Sweeping], int]] = MappingProxyType(
    {
        "claimed": _claimed,
        "unknown": lambda on: len(settling.give_up_waiting(on.settling.sessions)),
        "reconcile": _reconcile,
        "outcomes": _outcomes,
        "outbox": _outbox,
        "trainings": _trainings,
        "callbacks": _callbacks,
        "given_up": _given_up,
        "past_window": _past_window,
    }
)
