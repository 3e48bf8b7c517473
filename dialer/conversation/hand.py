"""The queue between a conversation on the media loop and the thread that holds its seat."""

from __future__ import annotations

import asyncio
import queue
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from dialer.conversation.facts import (
    Ending,
    Fact,
    HandedIn,
    KnowledgeWanted,
    Lapsed,
    OptedOut,
    Reply,
    TurnFinished,
    TurnUnderstood,
)

COMMIT_TIMEOUT_S: Final = 10.0
MOST_WAITING: Final = 512
"""Facts that may wait for the database; more means that it is away, and then a turn is given up, never an opt-out."""
_NEVER_DROPPED: Final = (OptedOut, Ending, HandedIn, Lapsed)
_SHARED: Final = (TurnFinished, TurnUnderstood)


class Told:
    """A fact on its way to the database. The thread commits it and answers, once."""

    __slots__ = ("_loop", "answered", "fact")

    def __init__(self, fact: Fact, loop: asyncio.AbstractEventLoop, answered: asyncio.Future[Reply]) -> None:
        self.fact = fact
        self._loop = loop
        self.answered = answered

    def answer(self, reply: Reply) -> None:
        """Hand the result back. Thread-safe; when the loop is gone already nobody is left to tell."""
        try:
            self._loop.call_soon_threadsafe(_settle, self.answered, reply)
        except RuntimeError:
            return


class SeatHand:
    """One call's facts, in order: the loop puts them in, the seat's thread takes them out.

    Turns may go to the database together with other calls' instead. Then the order is kept by waiting: what is told
    after such a turn stays here until that is answered, and a turn that is told after anything else goes with it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._facts: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._together: Callable[[Told, Callable[[], None]], None] | None = None
        self._unanswered = 0
        """Of the facts that the thread takes out."""
        self._under_way = 0
        """Of those that went together with others'."""
        self._behind: deque[Told] = deque()

    def share(self, together: Callable[[Told, Callable[[], None]], None]) -> None:
        """Let turns go together with others' from now on. Thread-safe.

        Args:
            together: called with a turn, and what to call, in whatever thread, if it must go alone after all. It must
                not block.
        """
        self._together = together

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        """Put a fact in line, on the loop; the future holds what came of it. Never blocks and keeps the order."""
        answered: asyncio.Future[Reply] = self._loop.create_future()
        waiting = self._facts.qsize() + self._under_way + len(self._behind)
        if waiting >= MOST_WAITING and not isinstance(fact, _NEVER_DROPPED):
            answered.set_result(Reply(ok=False))
            return answered
        told = Told(fact, self._loop, answered)
        shared = isinstance(fact, _SHARED)
        if isinstance(fact, KnowledgeWanted):
            self._facts.put(told)  # it writes nothing, and the person waits for the answer
        elif self._behind or (self._under_way and not shared):
            self._behind.append(told)
        elif shared and self._together is not None and not self._unanswered:
            self._under_way += 1
            answered.add_done_callback(self._arrived)
            self._together(told, partial(self._facts.put, told))
        else:
            self._put(told)
        return answered

    def _put(self, told: Told) -> None:
        self._unanswered += 1
        told.answered.add_done_callback(self._answered)
        self._facts.put(told)

    def _answered(self, _: asyncio.Future[Reply]) -> None:
        self._unanswered -= 1

    def _arrived(self, _: asyncio.Future[Reply]) -> None:
        self._under_way -= 1
        while self._behind and not self._under_way:
            self._put(self._behind.popleft())

    async def tell(self, fact: Fact) -> Reply:
        """Return once the fact is committed; after 10 s without an answer the reply is not ok."""
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                return await self.post(fact)
        except TimeoutError:
            return Reply(ok=False)

    def take(self, timeout_s: float) -> Told | None:
        """Wait for the next fact, in the seat's thread.

        Returns:
            The fact, or None if there was none within `timeout_s`.
        """
        try:
            return self._facts.get(timeout=timeout_s)
        except queue.Empty:
            return None


def _settle(answered: asyncio.Future[Reply], reply: Reply) -> None:
    if not answered.done():
        answered.set_result(reply)
