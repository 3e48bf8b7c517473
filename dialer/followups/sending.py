"""Sending what goes out once at most: text messages and e-mails.

That sending begins is committed before the first byte. From then on a row is never sent again: if nobody knows what
became of it the vendor is asked, and where that is no use the row is parked, for a person to look at.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.calls import gate
from dialer.crash import crash_point
from dialer.crm import queries
from dialer.crm.delivery import BACKOFF_S, JITTER, LEASE_S, MAX_TRIES, side_by_side
from dialer.crm.models import OutboxRow, OutboxState
from dialer.db import Sessions, lock_phone, transaction
from dialer.errors import DialerError, PermanentError, TransientError, VendorBusy
from dialer.followups import invitation, meetings
from dialer.followups.base import Message, Messenger
from dialer.followups.models import Meeting, MeetingState, Notice
from dialer.leads import suppression

LISTED_AFTER = timedelta(seconds=60)
"""So long after sending the vendor's list is trusted when it does not name a message."""
ASK_AGAIN_S = 20.0
SETTLED_IN_S = 60.0
"""How often it is looked whether a restore is settled."""
BEGUN_WITHIN_S = 10.0
"""A sender that was stopped for longer since it began sends nothing: by then others ask what became of the message."""

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs."""

    sessions: Sessions
    messengers: Mapping[str, Messenger]
    """By channel; rows for others wait until theirs is there."""
    secret: str
    monotonic: Callable[[], float] = time.monotonic


def send_due(on: Sending, *, limit: int = 100) -> int:
    """Send what is due, oldest first, of each channel `limit` rows at most. Returns how many went out."""

    def drain(name: str) -> int:
        sent = 0
        for _ in range(limit):
            with transaction(on.sessions) as tx:
                row = queries.claim(tx.session, name, lease_s=LEASE_S)
            if row is None:
                break
            sent += send(row, on)
        return sent

    return side_by_side(on.messengers, drain)


def send(row: OutboxRow, on: Sending) -> bool:
    """Send a row that was taken. Returns whether it went out, now or before."""
    messenger = on.messengers[row.destination]
    if row.sending_wall is not None:
        return _settle(row, row.sending_wall, messenger, on)
    began = on.monotonic()
    message = _begin(row, on)
    if message is None:
        return False
    crash_point("outbox.before_send")
    if on.monotonic() - began > BEGUN_WITHIN_S:
        return _not_sent(row, on, VendorBusy(row.destination, "stopped for too long before sending"))
    try:
        external_id = messenger.send(message)
        crash_point("outbox.after_send")
    except PermanentError as error:
        return _park(row, on, str(error), not_begun=True)
    except TransientError as error:
        return _not_sent(row, on, error)
    except Exception as error:  # a silence, or whatever else it is: it may have been sent
        logger.error("notice silent", outbox_id=row.id, channel=row.destination, error=repr(error))
        return _ask_later(row, on, repr(error))
    return _mark_sent(row, on, external_id)


def _begin(row: OutboxRow, on: Sending) -> Message | None:
    """Commit that sending begins, unless the person has opted out by now; the dial's own lock keeps both in order.

    Nothing begins while a restore is not settled: it may have been sent after the backup.
    """
    with transaction(on.sessions) as tx:
        session = tx.session
        if gate.awaits_settling(session):
            why = "The database was restored: dialer settle comes first."
            queries.postpone(session, row, wait_s=SETTLED_IN_S, tries=row.tries - 1, error=why)
            return None
        notice = session.get(Notice, row.notice_id)
        if notice is None or notice.organization_id != row.organization_id:
            queries.park(session, row, "What was to be sent is gone.")
            return None
        if notice.person:
            lock_phone(session, notice.person, row.organization_id)
            if suppression.is_suppressed(session, row.organization_id, notice.person, on.secret):
                queries.park(session, row, "The person has opted out.")
                return None
        if not _mark_sending(session, row):
            return None
        return _message(session, row, notice)


def _mark_sending(session: Session, row: OutboxRow) -> bool:
    """Whether the row is ours to send: its lease still holds and nobody has begun before."""
    won = session.scalar(
        update(OutboxRow)
        .where(
            OutboxRow.id == row.id,
            OutboxRow.state == OutboxState.PENDING,
            OutboxRow.lease == row.lease,
            OutboxRow.sending_wall.is_(None),
        )
        .values(sending_wall=clock.wall(session))
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return won is not None


def _message(session: Session, row: OutboxRow, notice: Notice) -> Message:
    meeting = session.get(Meeting, notice.meeting_id) if notice.meeting_id else None
    attached = b""
    if meeting is not None:
        off = meeting.state not in (MeetingState.WANTED, MeetingState.BOOKED)
        method = "CANCEL" if off else "PUBLISH"
        attached = invitation.event(meetings.booking(meeting), stamp=meeting.moved_at, method=method, cancelled=off)
    return Message(row.key, notice.to_address, notice.from_address, notice.body, notice.subject, attached)


def _settle(row: OutboxRow, since: datetime, messenger: Messenger, on: Sending) -> bool:
    """Ask what became of a row whose sending began and was never heard of again."""
    with on.sessions() as session:
        notice = session.get(Notice, row.notice_id)
        wall = clock.wall(session)
        message = _message(session, row, notice) if notice is not None else None
    if message is None:
        return _park(row, on, "What was to be sent is gone.")
    try:
        external_id = messenger.sent(message, since=since)
    except PermanentError as error:
        return _park(row, on, f"Nobody knows whether it was sent: {error}")
    except DialerError as error:
        return _ask_later(row, on, f"Nobody knows whether it was sent: {error}")
    except Exception as error:  # an answer that nobody can read must not stop the other rows
        logger.error("notice not settled", outbox_id=row.id, channel=row.destination, error=repr(error))
        return _ask_later(row, on, f"Nobody knows whether it was sent: {error!r}")
    if external_id is not None:
        return _mark_sent(row, on, external_id)
    if wall - since < LISTED_AFTER:
        return _ask_later(row, on, "Nobody knows whether it was sent; it is not listed yet.")
    return _park(row, on, "It was not sent: the vendor does not list it. Retry it by its id if it is still wanted.")


def _mark_sent(row: OutboxRow, on: Sending, external_id: str) -> bool:
    with transaction(on.sessions) as tx:
        return queries.mark_sent(tx.session, row, external_id)


def _park(row: OutboxRow, on: Sending, why: str, *, not_begun: bool = False) -> bool:
    logger.error("notice parked", outbox_id=row.id, channel=row.destination, error=why)
    with transaction(on.sessions) as tx:
        queries.park(tx.session, row, why, not_begun=not_begun)
    return False


def _not_sent(row: OutboxRow, on: Sending, error: TransientError) -> bool:
    """It was not sent, for sure: try again later, or give up."""
    if row.tries >= MAX_TRIES:
        return _park(row, on, f"Given up after {row.tries} tries: {error}", not_begun=True)
    wait_s = error.wait_s or BACKOFF_S[row.tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    with transaction(on.sessions) as tx:
        queries.postpone(tx.session, row, wait_s=wait_s, tries=row.tries, error=str(error), not_begun=True)
    return False


def _ask_later(row: OutboxRow, on: Sending, why: str) -> bool:
    if row.tries >= MAX_TRIES:
        return _park(row, on, why)
    with transaction(on.sessions) as tx:
        queries.postpone(tx.session, row, wait_s=ASK_AGAIN_S, tries=row.tries, error=why)
    return False
