"""A phone line: the person's mouth and ear at one end, whatever the carrier plays at the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dialer.sandbox.media_playout import Playout
from dialer.sandbox.media_ticker import FRAME_BYTES, SILENCE


class Human(Protocol):
    """Whoever is on the line."""

    def tick(self, heard: bytes) -> None:
        """Live through 20 ms in which `heard` came out of the receiver."""
        ...


class FarEnd(Protocol):
    """What a stream does with the line."""

    def said(self, frame: bytes) -> None:
        """The person said this in the last 20 ms."""
        ...

    def pressed(self, digit: str) -> None:
        """The person pressed a key."""
        ...

    def passed(self, mark: str) -> None:
        """What was before this mark has been played."""
        ...


class Line:
    """Two directions of 20 ms frames. The ticker calls `tick`; nothing here waits."""

    def __init__(self) -> None:
        self.playout = Playout()
        self.human: Human | None = None
        self.far_end: FarEnd | None = None
        self.on_digit: Callable[[str], None] | None = None
        self.on_played: Callable[[], None] | None = None
        self.taps: list[Callable[[bytes, bytes], None]] = []
        """Recorders: each gets what the person said and what they heard."""
        self._mouth = bytearray()

    @property
    def speaking(self) -> bool:
        """Whether the person still has something to say."""
        return bool(self._mouth)

    def say(self, mulaw: bytes) -> None:
        """The person speaks, after what they are saying already."""
        self._mouth += mulaw

    def hush(self) -> None:
        """The person breaks off."""
        self._mouth.clear()

    def press(self, digit: str) -> None:
        """The person presses a key."""
        if self.far_end is not None:
            self.far_end.pressed(digit)
        if self.on_digit is not None:
            self.on_digit(digit)

    def tick(self) -> None:
        """Move one frame each way."""
        said = bytes(self._mouth[:FRAME_BYTES])
        del self._mouth[:FRAME_BYTES]
        if len(said) < FRAME_BYTES:
            said += SILENCE[len(said) :]
        if self.far_end is not None:
            self.far_end.said(said)
        heard, marks = self.playout.next_frame()
        for name in marks:
            if self.far_end is not None:
                self.far_end.passed(name)
        if self.playout.empty and self.on_played is not None:
            self.on_played()
        for tap in self.taps:
            tap(said, heard)
        if self.human is not None:
            self.human.tick(heard)
