"""Turns sentences into audio, one after the other, ahead of what is being played."""

from __future__ import annotations

import asyncio
from collections import deque

from dialer.conversation.playout import Audio, Playout
from dialer.conversation.spending import Spent
from dialer.conversation.timings import Timings
from dialer.conversation.vendors import Crew
from dialer.errors import DialerError
from dialer.languages import known


class Mouth:
    """One call's voice."""

    def __init__(self, crew: Crew, playout: Playout, spent: Spent, *, voice: str, language: str) -> None:
        self._crew = crew
        self._playout = playout
        self._spent = spent
        self.use(voice=voice, language=language)
        self._waiting: deque[tuple[str, Audio]] = deque()
        self._task: asyncio.Task[None] | None = None
        self.error: DialerError | None = None

    def use(self, *, voice: str, language: str) -> None:
        """Speak like this from the next sentence on."""
        self._voice = voice
        self._language = language
        self._read_aloud = known.of(language).read_aloud

    def say(self, text: str, timings: Timings) -> None:
        """Append a sentence to the open turn; its audio follows as it is made."""
        audio, aloud = Audio(), self._read_aloud(text)
        self._playout.add(text, audio)
        self._waiting.append((aloud, audio))
        self._spent.tts_characters += len(aloud)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._work(timings))

    def stop(self) -> None:
        """Make no more audio."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def made(self) -> None:
        """Return once all audio is there.

        Raises:
            DialerError: no voice could speak.
        """
        if self._task is not None:
            await asyncio.wait((self._task,))
        if self.error is not None:
            error, self.error = self.error, None
            try:
                raise error
            finally:
                del error  # its traceback has this frame

    async def _work(self, timings: Timings) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            text, audio = self._waiting.popleft()
            timings.asked_s = timings.asked_s or loop.time()
            try:
                async for chunk in self._crew.speak(text, voice=self._voice, language=self._language):
                    timings.first_audio_s = timings.first_audio_s or loop.time()
                    audio.add(chunk)
                    self._playout.grown()
            except DialerError as error:
                audio.failed = True
                self.error = error
                self._waiting.clear()
            finally:
                audio.done = True
