"""Fixed lines are synthesized once per (voice, language, text) and kept: first words follow the answer at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from dialer import log
from dialer.conversation.playout import Audio
from dialer.conversation.vendors import Crew
from dialer.errors import DialerError

logger = log.get(__name__)

KEPT_BYTES: Final = 64_000_000
"""About two hours of speech; the least recently used lines go first."""

Key = tuple[str, str, str]


class FixedLines:
    """The process's cache of spoken lines. A line can be played while it is still being made."""

    def __init__(self, crew: Crew, kept_bytes: int = KEPT_BYTES) -> None:
        self._crew = crew
        self._kept_bytes = kept_bytes
        self._lines: OrderedDict[Key, Audio] = OrderedDict()
        self._making: set[asyncio.Task[None]] = set()

    def get(self, text: str, *, voice: str, language: str) -> Audio:
        """Return a line, and start making it if nobody asked for it before."""
        key = (voice, language, text)
        audio = self._lines.get(key)
        if audio is None:
            audio = self._lines[key] = Audio()
            task = asyncio.ensure_future(self._make(key, audio))
            self._making.add(task)
            task.add_done_callback(self._making.discard)
        self._lines.move_to_end(key)
        return audio

    async def close(self) -> None:
        """Stop making lines."""
        for task in tuple(self._making):
            task.cancel()
        await asyncio.gather(*self._making, return_exceptions=True)

    async def _make(self, key: Key, audio: Audio) -> None:
        voice, language, text = key
        try:
            async for chunk in self._crew.speak(text, voice=voice, language=language):
                audio.add(chunk)
        except DialerError as error:
            audio.failed = True
            self._lines.pop(key, None)  # the next call tries again
            logger.error("fixed line not made", error=str(error))
        except BaseException:
            audio.failed = True
            self._lines.pop(key, None)
            raise
        finally:
            audio.done = True
        self._forget()

    def _forget(self) -> None:
        size = sum(len(audio.data) for audio in self._lines.values())
        for key, audio in tuple(self._lines.items()):
            if size <= self._kept_bytes:
                return
            if audio.done:
                size -= len(audio.data)
                del self._lines[key]
