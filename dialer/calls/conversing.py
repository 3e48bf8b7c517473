"""The seat's thread: takes a call, and is its database hand until the conversation is over.

Each fact is one short transaction that holds the call's row under this seat's epoch; turns share theirs with other
calls' (`dialer.calls.rounds`). A seat that has lost its call finds no row, changes nothing, and is told to fall silent;
what it knows of an opt-out counts all the same. No connection is kept between facts.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol
from uuid import UUID

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dialer import clock, log
from dialer.calls import briefings, facts, seats, watching
from dialer.calls.recalling import Lookup
from dialer.calls.rounds import Rounds, Told
from dialer.calls.using import Pending
from dialer.conversation.facts import Briefing, Fact, HandedIn, Lapsed, Reply
from dialer.db import Sessions, transaction
from dialer.messages import Messages

TAKE_S = 60.0
"""How long a quiet seat sleeps; nothing hangs on it."""
PATIENCE_S = 10.0
"""How long a fact is tried for while the database is away; the conversation waits for no reply longer than this."""
HAND_IN_PATIENCE_S = 300.0
"""The same of a seat's last fact, for which nobody waits and which nobody else can tell, and of an opt-out that the
conversation waits for no longer."""
AGAIN_S = 0.5
TOOL_THREADS = 16
LOOKUP_THREADS = 8

logger = log.get(__name__)


class SeatHand(Protocol):
    """The thread's side of the queue between loop and database."""

    def take(self, timeout_s: float) -> Told | None:
        """Return the next fact, or None after the timeout."""
        ...

    def share(self, together: Callable[[Told, Callable[[], None]], None]) -> None:
        """Let turns go this way from now on, each with what is to be called if it must go alone after all."""
        ...


class Media(Protocol):
    """The media server of this process, as its seats see it."""

    def expect(self, briefing: Briefing, token: str, *, ttl_s: float = 10.0) -> SeatHand:
        """Let one stream with this token connect, once, within the time."""
        ...

    def machine(self, call_id: str, verdict: str) -> None:
        """Tell the conversation what the carrier thinks who answered."""
        ...

    def abandon(self, call_id: str) -> None:
        """This seat lost the call: fall silent at once."""
        ...

    def lapse(self, call_id: str) -> None:
        """The call is over: if its stream has not come, wait for it no longer."""
        ...


@dataclass(frozen=True, slots=True)
class Seats:
    """What a call worker's threads share."""

    sessions: Sessions
    media: Media
    messages: Messages
    worker: str
    media_url: str
    """The public prefix in front of /media/<worker>/…."""
    effects: facts.Effects
    wait: Callable[[float], None] = time.sleep
    """Waits so many seconds; given by tests."""
    tools: Executor = field(default_factory=partial(ThreadPoolExecutor, TOOL_THREADS, "tools"))
    """Where tools that reach outside wait for their vendors."""
    lookups: Executor = field(default_factory=partial(ThreadPoolExecutor, LOOKUP_THREADS, "lookups"))
    """Where documents are searched: answers wait for it, so that it must not wait for slow tools."""
    rounds: Rounds | None = None
    """Stores turns for all seats together; None: each seat's thread stores its own."""
    held: watching.Held = field(default_factory=watching.Held)
    """The calls of these seats; whoever beats for them looks at their rows."""


def converse(call_id: UUID, epoch: int, on: Seats) -> None:
    """Hold one call, if it still wants a seat and nobody was faster."""
    hand = _take(call_id, epoch, on)
    if hand is None:
        return
    seat = facts.Seat(call_id, epoch, on.worker)
    if on.rounds is not None:
        hand.share(partial(on.rounds.put, seat))
    with on.held.holding(call_id, epoch):
        _serve(hand, seat, on)


def look(on: Seats) -> None:
    """Look at the rows of all calls that are held here; what a database that is away would say comes a beat later."""
    try:
        seen = on.held.look(on.sessions, on.worker)
    except SQLAlchemyError as error:
        logger.warning("seats could not look at their calls", error=str(error))
        return
    for call_id in seen.lost:
        on.media.abandon(str(call_id))
    for call_id, verdict in seen.verdicts:
        on.media.machine(str(call_id), verdict)
    for call_id in seen.over:
        on.media.lapse(str(call_id))


def _serve(hand: SeatHand, seat: facts.Seat, on: Seats) -> None:
    """Commit the conversation's facts until the last one."""
    while True:
        told = hand.take(TAKE_S)
        if told is None:
            continue
        came = _apply(told.fact, seat, on)
        if isinstance(came, Pending):
            # Not in this thread: whatever the person says meanwhile, an opt-out above all, must not wait for a tool.
            on.tools.submit(_finish, told, came)
            continue
        if isinstance(came, Lookup):
            on.lookups.submit(_finish, told, came)
            continue
        told.answer(came)
        if facts.asks_out(told.fact) and not came.ok and not came.lost:
            on.tools.submit(_apply, told.fact, seat, on, HAND_IN_PATIENCE_S)  # the end of the call does not wait for it
        if isinstance(told.fact, HandedIn | Lapsed):
            on.messages.send("results.finish", str(seat.call_id))
            return


def _take(call_id: UUID, epoch: int, on: Seats) -> SeatHand | None:
    """Take the call by compare-and-set, and expect its stream before anybody can learn the URL."""
    token = secrets.token_urlsafe(24)
    url = f"{on.media_url.rstrip('/')}/media/{on.worker}/{call_id}/{token}"
    hand: SeatHand | None = None
    try:
        with transaction(on.sessions) as tx:
            if not seats.take(tx.session, call_id, epoch, worker=on.worker, url=url):
                return None
            briefing = briefings.brief(tx.session, call_id, now=clock.now(tx.session))
            hand = on.media.expect(briefing, token)
    except BaseException:
        if hand is not None:
            on.media.abandon(str(call_id))
        raise
    return hand


def _finish(told: Told, pending: Pending | Lookup) -> None:
    """Have a tool's effect, or make a search, and answer whoever waits for it."""
    try:
        told.answer(pending.finish())
    except Exception as error:  # whatever it is, the conversation waits for an answer
        logger.error("fact not finished", call_id=str(pending.call_id), error=repr(error))
        told.answer(Reply(ok=False))


def _apply(fact: Fact, seat: facts.Seat, on: Seats, patience_s: float | None = None) -> Reply | Pending | Lookup:
    """Commit one fact, again while the database is away: told twice, each stands once.

    What cannot be committed in time is reported, and the conversation goes on.
    """
    if patience_s is None:
        patience_s = HAND_IN_PATIENCE_S if isinstance(fact, HandedIn | Lapsed) else PATIENCE_S
    give_up = time.monotonic() + patience_s
    while True:
        try:
            return facts.apply(fact, seat, on.sessions, on.effects)
        except Exception as error:  # whatever it is: without this thread the conversation has no database any more
            away = isinstance(error, OperationalError | PoolTimeoutError)
            logger.error("fact not committed", call_id=str(seat.call_id), fact=type(fact).__name__, error=str(error))
            if not away or time.monotonic() > give_up:
                return Reply(ok=False)
        on.wait(AGAIN_S)
