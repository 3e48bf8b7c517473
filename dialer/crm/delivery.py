"""Draining the outbox: take a row, send it without any transaction open, write down what became of it.

A process that dies in between leaves a lease that runs out; the row is sent again, and its key makes that one effect.
One that is only stopped for so long may write what is old by then: it has the present state sent once more.
Destinations are drained side by side, so that a slow one holds up no other.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto

from dialer import log
from dialer.crash import crash_point
from dialer.crm import letters, queries
from dialer.crm.base import Activity, Crm, Receiver, Task
from dialer.crm.letters import Letter
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.crm.queries import retry
from dialer.db import Sessions, transaction
from dialer.errors import DialerError, PermanentError, TransientError, VendorBusy, VendorRefused
from dialer.followups import meetings
from dialer.followups.calendars.base import Booking, Calendar, Cancellation, SlotTaken

__all__ = [
    "MAX_TRIES",
    "Destination",
    "deliver_due",
    "deliver_from",
    "deliver_one",
    "retry",
    "side_by_side",
    "take_one",
]

Destination = Crm | Receiver | Calendar

BACKOFF_S = (1, 5, 15, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds to wait after each failure: quick at first for a blip, then as Standard Webhooks has it, over three days."""
MAX_TRIES = len(BACKOFF_S) + 1
JITTER = 0.2
UNLUCKY = 5
"""Rows put off in a row after which a destination is left alone until the next sweep: it is the one that is unwell."""
LEASE_S = 45.0
"""How long a dead process's row stays its own. A live one that needs longer is overtaken, and the key keeps that one
effect."""
WRITE_WITHIN_S = 30.0
"""So long after a row was taken nothing is sent for it any more: what is left of the lease is for the request."""
RESTING_ROWS = 2000
"""How many of a destination's rows are put off with the one that it was too busy for."""
SHUT_OUT_WAIT_S = 60.0
"""How long a destination rests that refuses us altogether: wrong credentials, a missing field."""

_log = log.get(__name__)


class _Fate(Enum):
    """What became of a row that was taken."""

    SENT = auto()
    PARKED = auto()
    PUT_OFF = auto()
    SLOWED = auto()
    """It was put off because the destination wants a rest."""
    LOST = auto()
    """Somebody else has taken it by now and will say what became of it."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a destination called what we sent: the record itself, and the contact that it belongs to."""

    external_id: str | None
    contact_id: str | None


def deliver_due(
    sessions: Sessions, crms: Mapping[str, Destination], *, limit: int = 200, recordings_url: str = ""
) -> int:
    """Send what is due, oldest first. Any number of processes may do so at once.

    Args:
        sessions: where the outbox is.
        crms: what is configured, by name; rows for other destinations wait until theirs is.
        limit: rows per destination that are tried at most.
        recordings_url: what a recording's file name is appended to in links; empty: none are given.

    Returns:
        How many rows had their effect.
    """

    def drain(name: str) -> int:
        sent = unlucky = 0
        for _ in range(limit):
            until = _deadline()
            row = _claim(sessions, lambda session: queries.claim(session, name, lease_s=LEASE_S))
            if row is None:
                break
            fate = _deliver(row, sessions, crms[name], recordings_url, until)
            sent += fate is _Fate.SENT
            unlucky = unlucky + 1 if fate is _Fate.PUT_OFF else 0
            if fate is _Fate.SLOWED or unlucky == UNLUCKY:
                break
        return sent

    return side_by_side(crms, drain)


def side_by_side(destinations: Collection[str], drain: Callable[[str], int]) -> int:
    """Drain each destination in a thread of its own. Returns the sum of what `drain` does.

    Raises:
        Exception: what `drain` raised, after all of them are through.
    """
    if not destinations:
        return 0
    with ThreadPoolExecutor(max_workers=len(destinations), thread_name_prefix="outbox") as pool:
        return sum(pool.map(drain, destinations))


def deliver_one(row_id: int, *, sessions: Sessions, crms: Mapping[str, Destination], recordings_url: str = "") -> int:
    """Send one row, if it is due and its turn, and then those that waited for it. Returns how many had their effect."""
    first = take_one(row_id, sessions, crms.keys())
    return deliver_from(first, sessions=sessions, crms=crms, recordings_url=recordings_url) if first is not None else 0


def take_one(row_id: int, sessions: Sessions, destinations: Collection[str]) -> OutboxRow | None:
    """Take one row, if it is due, its turn, and bound for one of `destinations`: whoever has it is to send it."""
    return _claim(sessions, lambda session: queries.claim_row(session, row_id, destinations, lease_s=LEASE_S))


def deliver_from(
    first: OutboxRow, *, sessions: Sessions, crms: Mapping[str, Destination], recordings_url: str = ""
) -> int:
    """Send a row that was taken, and then those that waited for it. Returns how many had their effect."""
    sent, until = 0, _deadline()
    row: OutboxRow | None = first
    while row is not None:
        sent += _deliver(row, sessions, crms[row.destination], recordings_url, until) is _Fate.SENT
        done, until = row, _deadline()
        row = _claim(sessions, lambda session, done=done: queries.claim_after(session, done, lease_s=LEASE_S))
    return sent


def _claim(sessions: Sessions, take: Callable[..., OutboxRow | None]) -> OutboxRow | None:
    with transaction(sessions) as tx:
        return take(tx.session)


def _deadline() -> float:
    """By when what is taken now must be on its way, on the monotonic clock."""
    return time.monotonic() + WRITE_WITHIN_S


def _deliver(row: OutboxRow, sessions: Sessions, to: Destination, recordings_url: str, until: float) -> _Fate:
    """Send a leased row and record what came of it. If the lease was lost, what was sent may be older than what
    another process has sent meanwhile.
    """
    fate = _attempt(row, sessions, to, recordings_url, until)
    if fate is _Fate.LOST:
        _log.warning("outbox.overtaken", **_fields(row))
        with transaction(sessions) as tx:
            if row.meeting_id is not None:
                meetings.order_again(tx.session, row.meeting_id)
            elif row.kind is not OutboxKind.EVENT:
                queries.tell_again(tx.session, row)
    return fate


def _attempt(row: OutboxRow, sessions: Sessions, to: Destination, recordings_url: str, until: float) -> _Fate:
    if row.tries > MAX_TRIES:
        return _park(row, sessions, f"Given up: {row.tries - 1} tries, and the process died in the last.")
    try:
        if isinstance(to, Crm):
            to.prepare()  # it may take long: before the present state is read
        with sessions() as session:
            letter = letters.read(session, row, recordings_url=recordings_url)
        crash_point("outbox.before_send")
        if time.monotonic() > until:
            raise VendorBusy(to.name, "stopped for too long before sending")
        sent = _send(row, letter, to)
        crash_point("outbox.after_send")
    except SlotTaken as error:
        return _taken(row, sessions, error)
    except VendorRefused as error:
        shut_out = _shut_out(to)
        return _park(row, sessions, str(error)) if shut_out is None else _put_off(row, sessions, shut_out)
    except PermanentError as error:
        return _park(row, sessions, str(error))
    except Exception as error:  # one row that nobody can send must not stop the others
        return _put_off(row, sessions, error)
    with transaction(sessions) as tx:
        won = queries.mark_sent(tx.session, row, sent.external_id)
        if won and sent.contact_id is not None:
            queries.link(tx.session, row, sent.contact_id)
        if won and row.meeting_id is not None:
            meetings.settled(tx.session, row.meeting_id, sent.external_id)
    return _Fate.SENT if won else _Fate.LOST


def _send(row: OutboxRow, letter: Letter, to: Destination) -> _Sent:
    """Do what the row says, over the network; no transaction is open."""
    match letter.content, to:
        case Booking() as booking, Calendar():
            return _Sent(to.book(booking), None)
        case Cancellation(key=key), Calendar():
            to.cancel(key)
            return _Sent(key, None)
        case Mapping() as document, Receiver():
            to.post(row.key, document)
            return _Sent(None, None)
        case None, Crm():
            contact_id = to.upsert_contact(letter.contact)
            return _Sent(contact_id, contact_id)
        case (Activity() | Task()) as content, Crm():
            # The contact's own row came first; it is missing if that one was parked, or if the person is no lead.
            contact_id = letter.contact_id or to.upsert_contact(letter.contact)
            if isinstance(content, Task):
                return _Sent(to.add_task(content, contact_id), contact_id)
            return _Sent(to.log_call(content, contact_id), contact_id)
    raise VendorRefused(row.destination, "kind", f"it takes no {row.kind.value}")


def _shut_out(to: Destination) -> VendorBusy | None:
    """After a refusal: what keeps us out altogether, if it is not this row alone that is refused.

    Rows do not pay for wrong credentials: they wait until an operator has seen to it.
    """
    try:
        to.check()
    except VendorRefused as error:
        return VendorBusy(to.name, str(error), SHUT_OUT_WAIT_S)
    except DialerError:
        return None
    return None


def _park(row: OutboxRow, sessions: Sessions, error: str) -> _Fate:
    _log.error("outbox.parked", error=error, **_fields(row))
    with transaction(sessions) as tx:
        won = queries.park(tx.session, row, error)
        if won and row.meeting_id is not None:
            meetings.refused(tx.session, row.meeting_id, error)
    return _Fate.PARKED if won else _Fate.LOST


def _taken(row: OutboxRow, sessions: Sessions, error: SlotTaken) -> _Fate:
    """The calendar has something else at that time: that is an answer, with which the row is done."""
    with transaction(sessions) as tx:
        won = queries.mark_sent(tx.session, row, None)
        if won and row.meeting_id is not None:
            meetings.refused(tx.session, row.meeting_id, str(error))
    return _Fate.SENT if won else _Fate.LOST


def _put_off(row: OutboxRow, sessions: Sessions, error: Exception) -> _Fate:
    """Try again later, or park a row that was tried too often.

    A vendor that says how long to wait is slowing us all down: that is no failure of the row, and it stops what
    is next in line for this destination as long.
    """
    asked_s = error.wait_s if isinstance(error, TransientError) else None
    if asked_s is None and row.tries >= MAX_TRIES:
        return _park(row, sessions, f"Given up after {row.tries} tries: {error}")
    _log.warning("outbox.put_off", error=repr(error), **_fields(row))
    with transaction(sessions) as tx:
        if asked_s is None:
            wait_s = BACKOFF_S[row.tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)
            won = queries.postpone(tx.session, row, wait_s=wait_s, tries=row.tries, error=str(error))
            return _Fate.PUT_OFF if won else _Fate.LOST
        wait_s = asked_s * random.uniform(1, 1 + JITTER)
        won = queries.postpone(tx.session, row, wait_s=wait_s, tries=row.tries - 1, error=str(error))
        queries.slow_down(tx.session, row.destination, wait_s=asked_s, limit=RESTING_ROWS)
        return _Fate.SLOWED if won else _Fate.LOST


def _fields(row: OutboxRow) -> dict[str, object]:
    return {"outbox_id": row.id, "destination": row.destination, "kind": row.kind.value, "tries": row.tries}
