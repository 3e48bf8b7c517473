"""An answer that is asked for before the person's turn is surely over: used if it really was, else thrown away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from dialer.conversation.thought import Thought
from dialer.llm.base import Delta, Message


def bare(words: str) -> str:
    """Words without punctuation and capitals: what interim and final words of the same speech have in common."""
    return " ".join("".join(c for c in word if c.isalnum()) for word in words.lower().split()).strip()


@dataclass(slots=True)
class Drafts:
    """What eager starts came to on one call, and how many the person's present turn has had."""

    most: int
    """Of one turn: who speaks in pieces must not cost a request for each of them."""
    of_turn: int = 0
    started: int = 0
    used: int = 0
    wasted_prompt_tokens: int = 0
    wasted_completion_tokens: int = 0

    @property
    def may_start(self) -> bool:
        """Whether the person's present turn may have one more."""
        return self.of_turn < self.most

    def turn_over(self) -> None:
        """The person's turn is being answered: what they say next is another one."""
        self.of_turn = 0

    def counters(self) -> dict[str, float]:
        """As the call's counters name them."""
        return {
            "eager_started": self.started,
            "eager_used": self.used,
            "eager_wasted_prompt_tokens": self.wasted_prompt_tokens,
            "eager_wasted_completion_tokens": self.wasted_completion_tokens,
        }


class Draft:
    """An answer in the making, to a turn that may not be over yet. Nothing of it has any effect before it is taken."""

    def __init__(self, prompt: Sequence[Message], thought: Thought, count: Drafts) -> None:
        """Begin to collect.

        Args:
            prompt: what the model was asked; its last message is the person's turn as it seems to be.
            thought: the model's answer.
            count: the call's tally.
        """
        self.thought = thought
        self._prompt = list(prompt)
        self._count = count
        self._pieces: asyncio.Queue[Delta | Exception | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = asyncio.get_running_loop().create_task(self._collect())
        count.started += 1
        count.of_turn += 1

    def answers(self, prompt: Sequence[Message]) -> bool:
        """Whether this is the answer to a prompt: the same one but for how its last turn is punctuated."""
        mine, last = self._prompt[-1], prompt[-1]
        same = self._prompt[:-1] == list(prompt[:-1]) and mine.role == last.role
        return same and bare(mine.text) == bare(last.text)

    async def take(self) -> AsyncIterator[Delta]:
        """Yield the answer, from its begin. Closing the iterator stops the model's work.

        Raises:
            DialerError: no model answered.
        """
        self._count.used += 1
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, Exception):
                    try:
                        raise piece
                    finally:
                        del piece  # its traceback has this frame
                yield piece
        finally:
            self._stop()

    def drop(self) -> None:
        """Throw it away. What it has cost counts."""
        self._stop()
        usage = self.thought.usage
        self._count.wasted_prompt_tokens += usage.prompt_tokens
        self._count.wasted_completion_tokens += usage.completion_tokens

    def _stop(self) -> None:
        task, self._task = self._task, None  # one that was cut has, in its traceback, us
        if task is not None:
            task.cancel()

    async def _collect(self) -> None:
        try:
            async for delta in self.thought:
                self._pieces.put_nowait(delta)
            self._pieces.put_nowait(None)
        except Exception as error:  # whatever it is, whoever takes the answer must not wait for the rest
            self._pieces.put_nowait(error)
