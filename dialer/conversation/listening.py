"""One call's recognizer, replaced by the next one when it breaks; what was not recognized yet is said to it again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from dialer import log
from dialer.conversation.vendors import Crew
from dialer.errors import DialerError
from dialer.speech.base import Heard, Recognition

logger = log.get(__name__)

REPLAYED_FRAMES: Final = 250
"""5 s of audio since the last final words are kept for the next recognizer."""
REOPENINGS: Final = 5
LAST_WORDS_S: Final = 0.6
"""How long the last words are waited for after the stream is over: they may be "don't call again"."""


class Listening:
    """Feeds a recognizer and hands on what it hears."""

    def __init__(self, crew: Crew, *, language: str, hints: tuple[str, ...], on_heard: Callable[[Heard], None]) -> None:
        self._crew = crew
        self._language = language
        self._hints = hints
        self._on_heard = on_heard
        self._recognition: Recognition | None = None
        self._unheard: deque[bytes] = deque(maxlen=REPLAYED_FRAMES)
        self._task: asyncio.Task[None] | None = None
        self._silent = asyncio.Event()
        self.frames = 0
        self.reopened = 0
        self.deaf = False
        """Whether no recognizer could be had."""

    def start(self) -> None:
        """Open a stream; audio that arrives meanwhile is kept for it."""
        self._task = asyncio.ensure_future(self._listen())

    def feed(self, frame: bytes) -> None:
        """Hand over 20 ms of mu-law. Never blocks."""
        self.frames += 1
        self._unheard.append(frame)
        if self._recognition is not None:
            self._recognition.feed(frame)

    def finalize(self) -> None:
        """Ask for the final words of what was said so far."""
        if self._recognition is not None:
            self._recognition.finalize()

    async def last_words(self) -> None:
        """Wait for the final words of what was said before the stream was over."""
        self._silent.clear()
        self.finalize()
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._silent.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._drop()

    async def _listen(self) -> None:
        for _ in range(1 + REOPENINGS):
            try:
                vendor, recognition = await self._crew.listen(language=self._language, hints=self._hints)
            except DialerError as error:
                logger.error("nobody listens", error=str(error))
                break
            for frame in self._unheard:
                recognition.feed(frame)
            self._recognition = recognition
            try:
                async for heard in recognition:
                    if heard.is_final:
                        self._unheard.clear()
                        self._silent.set()
                    self._on_heard(heard)
                return
            except DialerError as error:
                self._crew.recognizers.failed(vendor, error)
                self.reopened += 1
                await self._drop()
        self.deaf = True

    async def _drop(self) -> None:
        recognition, self._recognition = self._recognition, None
        if recognition is not None:
            await recognition.close()
