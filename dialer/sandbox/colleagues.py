"""Colleagues of the seller: who picks up when a call is handed over, and what they do when they are told about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, get_args

from dialer.sandbox.media_line import Line

Colleague = Literal["accepts", "declines", "says_nothing", "hangs_up", "no_answer", "busy"]
KINDS: tuple[Colleague, ...] = get_args(Colleague)
_LOOK_EVERY_S = 0.02


class Colleagues:
    """How each number of theirs behaves; one that nothing is said of accepts."""

    def __init__(self) -> None:
        self._kinds: dict[str, Colleague] = {}

    def kind(self, number: str) -> Colleague:
        """How a number behaves."""
        return self._kinds.get(number, "accepts")

    def set(self, number: str, kind: Colleague) -> None:
        """Make a number behave so."""
        self._kinds[number] = kind


@dataclass(slots=True)
class Listener:
    """A colleague who listens to what they are told, and then presses a key, or does not."""

    line: Line
    kind: Colleague
    reacts_s: float
    """How long they think once they are asked for a key."""

    async def listen(self) -> None:
        """Wait to be asked for a key, and answer. Returns when they hang up; else it goes on until it is cancelled."""
        while self.line.on_digit is None:  # noqa: ASYNC110 - a line tells nobody that it begins to listen for keys
            await asyncio.sleep(_LOOK_EVERY_S)
        await asyncio.sleep(self.reacts_s)
        if self.kind == "hangs_up":
            return
        if self.kind != "says_nothing":
            self.line.press("1" if self.kind == "accepts" else "2")
        await asyncio.Event().wait()
