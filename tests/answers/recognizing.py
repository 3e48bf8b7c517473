"""A recognizer that is given the transcript, and tells it when a streaming one would.

No recognizer that could run here knows these lines, so its errors are drawn with the set: see `labelled._recognized`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from dialer.audio import mulaw
from dialer.speech.base import Heard
from tests.answers.labelled import Answer, Word

WORD_S: Final = 0.25
"""A word is known so long after its end."""
PAUSE_S: Final = 0.35
"""A pause after which words are final; Deepgram's `endpointing` as Dialer sets it is in this range."""
FINAL_S: Final = 0.15
LONGEST_S: Final = 4.0
"""Words become final after so long at the latest, whoever is still speaking."""


class Transcribed:
    """One stream."""

    def __init__(self, words: tuple[Word, ...]) -> None:
        self._left = [word for word in words if word.text]
        self._open: list[Word] = []
        self._told = ""
        self._fed = 0
        self._asked = False
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()
        self.dropped_bytes = 0
        self.by_the_second = True
        self.signs: int | None = None

    def feed(self, frame: bytes) -> None:
        """Take 20 ms of mu-law."""
        self._fed += len(frame)
        now = self._fed / mulaw.SAMPLE_RATE_HZ
        while self._left and self._left[0].end_s + WORD_S <= now:
            self._open.append(self._left.pop(0))
        if not self._open:
            return
        paused = now - self._open[-1].end_s >= PAUSE_S + FINAL_S and not self._speaking(now - FINAL_S)
        if paused or self._asked or now - self._open[0].start_s >= LONGEST_S:
            self._tell(is_final=True, ends=paused)
        elif self._text() != self._told:
            self._tell(is_final=False, ends=False)

    def finalize(self) -> None:
        """Tell what is known as final."""
        self._asked = bool(self._open)

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while (heard := await self._heard.get()) is not None:
            yield heard

    async def close(self) -> None:
        """Hear no more."""
        self._heard.put_nowait(None)

    def _speaking(self, now: float) -> bool:
        return bool(self._left) and self._left[0].start_s <= now

    def _text(self) -> str:
        return " ".join(word.text for word in self._open)

    def _tell(self, *, is_final: bool, ends: bool) -> None:
        self._told = self._text()
        self._heard.put_nowait(Heard(self._told, is_final, ends, ended_s=self._open[-1].end_s))
        if is_final:
            self._open, self._told, self._asked = [], "", False


class Transcriber:
    """Opens streams that hear one answer."""

    name = "transcript"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Transcribed:
        """Begin to listen."""
        return Transcribed(self._answer.words)
