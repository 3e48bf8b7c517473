"""The sweep: what a row says is due and nobody has moved is woken again. It makes lost messages harmless."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select, text

from dialer import clock, log
from dialer.calls import callbacks, gate, queries, seats, settling, urls
from dialer.calls.dialing import LATE_S
from dialer.calls.models import Call, SeatState
from dialer.calls.states import LIVE, CallState
from dialer.campaigns.claiming import take_new_slots
from dialer.crm import queries as outbox
from dialer.db import transaction
from dialer.errors import DialerError, NotFound
from dialer.outcomes import finishing
from dialer.outcomes import queries as outcomes
from dialer.training import queries as training

AT_ONCE = 10_000
"""Of each kind: as many as may be due at once when all messages are lost."""
DRAINS, DRAIN_ROWS = 8, 200
"""Wake-ups of the outbox at once, and the rows that each sees to."""
FORGOTTEN_S = 30
"""A claimed call that is so late is woken whatever its queue looks like."""
WANTED_STALE_S = 0.5

T = TypeVar("T")
Claimed = tuple[UUID, datetime]
"""A call and its slot."""
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sweeping:
    """What the sweep needs."""

    settling: settling.Settling
    public_url: str
    destinations: Sequence[str]
    """Whatever outbox rows are sent to: CRMs, receivers, calendars, messengers."""


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
            lives = on.settling.carrier.redirect(carrier_id, urls.for_carrier(on.public_url, "continue", call_id))
        except NotFound:
            lives = False
        except DialerError as error:
            logger.warning("live call not redirected", call_id=str(call_id), error=str(error))
            continue
        if not lives:  # its end was told to nobody: those who died with the worker, or a web process that was away
            settling.poll(call_id, on.settling)
    return len(lost)


def wake_claimed(on: Sweeping) -> int:
    """Wake claimed calls whose wake-up was lost, each when a lead worker would wait for its slot.

    Those that missed their slot line up for new ones, so that however many were lost, they are dialed at the account's
    pace and no message is sent before its time. Returns how many were woken.
    """
    messages = on.settling.finishing.messages
    queued = messages.waiting("leads")
    with transaction(on.settling.sessions) as tx:
        session = tx.session
        if gate.awaits_settling(session):
            return 0
        now = clock.now(session)
        due = queries.claimed_due(session, now + timedelta(seconds=LATE_S))
        lost = _unwoken(due, now, lacking=len(due) + queries.just_claimed(session) - queued)
        late_before = now - timedelta(seconds=LATE_S)
        in_time = [call_id for call_id, slot in lost if slot >= late_before]
        late = [call_id for call_id, slot in lost if slot < late_before]
        woken = in_time + (take_new_slots(session, late, now) if late else [])
    messages.send_all("leads.place", map(str, woken))
    return len(woken)


def _unwoken(due: Sequence[Claimed], now: datetime, *, lacking: int) -> Sequence[Claimed]:
    """Those of `due`, earliest slot first, that have no wake-up: as many as the queue lacks, the latest slots first.

    A slot that has only now come near was never woken for, while those before it were, and wait in the queue that is
    not empty. One of them that lost its message all the same is woken when it is `FORGOTTEN_S` late.
    """
    long_ago = now - timedelta(seconds=FORGOTTEN_S)
    forgotten = sum(slot < long_ago for _, slot in due)
    return [*due[:forgotten], *due[max(forgotten, len(due) - max(0, lacking)) :]]


def _lost(due: Sequence[T], queued: int, *, others: int = 0) -> Sequence[T]:
    """Those of `due`, longest due first, that can have no message in their queue: as many as there are too few in it.

    Queues are first in, first out, so what is missing belongs to what has been due for longest. A message too many, for
    a row that a worker has in hand, is harmless; but workers that fall behind are not sent more and more of them.

    Args:
        queued: messages in the queue.
        others: rows that are not due for the sweep and may have a message in the same queue.
    """
    return due[: max(0, len(due) + others - queued)]


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
    messages = on.settling.finishing.messages
    queued = messages.waiting("leads")
    with transaction(on.settling.sessions) as tx:
        session = tx.session
        asked = settling.to_settle(session, AT_ONCE) + settling.to_poll(session, AT_ONCE)
        near = clock.now(session) + timedelta(seconds=LATE_S)
        others = queries.just_claimed(session) + len(queries.claimed_due(session, near)) if asked and queued else 0
    lost = _lost(asked, queued, others=others)
    messages.send_all("leads.reconcile", map(str, lost))
    return len(lost)


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
    messages = on.settling.finishing.messages
    queued = messages.waiting("results")
    due = finishing.missing(on.settling.sessions, AT_ONCE)
    with transaction(on.settling.sessions) as tx:
        others = outcomes.without_outcome(tx.session) - len(due) if due else 0
    lost = _lost(due, queued, others=others)
    messages.send_all("results.finish", map(str, lost))
    return len(lost)


def _outbox(on: Sweeping) -> int:
    """Have what is due drained, by as many hands as it takes."""
    messages = on.settling.finishing.messages
    queued = messages.waiting("outbox")
    with transaction(on.settling.sessions) as tx:
        due = outbox.due_ids(tx.session, on.destinations, limit=DRAINS * DRAIN_ROWS)
    lost = _lost(due, queued)
    for _ in range(0, len(lost), DRAIN_ROWS):
        messages.send("outbox.drain")
    return len(lost)


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
