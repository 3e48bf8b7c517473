"""The queue between a conversation on the media loop and the thread that holds its seat."""

from __future__ import annotations

import asyncio
import queue
from typing import Final

from dialer.conversation.facts import Ending, Fact, HandedIn, Lapsed, OptedOut, Reply

COMMIT_TIMEOUT_S: Final = 10.0
MOST_WAITING: Final = 512
"""Facts that may wait for the database; more means that it is away, and then a turn is given up, never an opt-out."""
_NEVER_DROPPED: Final = (OptedOut, Ending, HandedIn, Lapsed)


class Told:
    """A fact on its way to the database. The thread commits it and answers, once."""

    __slots__ = ("_answered", "_loop", "fact")

    def __init__(self, fact: Fact, loop: asyncio.AbstractEventLoop, answered: asyncio.Future[Reply]) -> None:
        self.fact = fact
        self._loop = loop
        self._answered = answered

    def answer(self, reply: Reply) -> None:
        """Hand the result back. Thread-safe; when the loop is gone already nobody is left to tell."""
        try:
            self._loop.call_soon_threadsafe(_settle, self._answered, reply)
        except RuntimeError:
            return


class SeatHand:
    """One call's facts, in order: the loop puts them in, the seat's thread takes them out."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._facts: queue.SimpleQueue[Told] = queue.SimpleQueue()

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        """Put a fact in line, on the loop; the future holds what came of it. Never blocks and keeps the order."""
        answered: asyncio.Future[Reply] = self._loop.create_future()
        if self._facts.qsize() >= MOST_WAITING and not isinstance(fact, _NEVER_DROPPED):
            answered.set_result(Reply(ok=False))
        else:
            self._facts.put(Told(fact, self._loop, answered))
        return answered

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
