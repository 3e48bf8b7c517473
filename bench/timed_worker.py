"""Dialer's call worker with vendors that are timers in its own process, as the peer's and the limit's are.

`python -m bench.timed_worker SPEECH_FOLDER worker calls`: the `dialer` command with these vendors instead of the real
adapters; all else is production's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from bench import delays, speech
from bench.recognizing import Recognizing, Result
from dialer import wiring
from dialer.audio import mulaw
from dialer.cli.main import main
from dialer.conversation.vendors import LiveVendors
from dialer.llm.base import Delta, Message, ToolSpec, Usage
from dialer.speech.base import Heard

NAME: Final = "timer"


class Recognition:
    """One call's audio; a `dialer.speech.base.Recognition`."""

    dropped_bytes = 0
    by_the_second = True
    signs = None

    def __init__(self) -> None:
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._recognizing = Recognizing(lambda _at_s: None, self._result)

    def feed(self, mulaw: bytes) -> None:
        """Hear this."""
        self._recognizing.hear(mulaw)

    def finalize(self) -> None:
        """Final words come when they come."""

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """Yield pieces until the stream is closed."""
        while (heard := await self._heard.get()) is not None:
            yield heard

    async def close(self) -> None:
        """Hear no more."""
        self._recognizing.stop()
        self._heard.put_nowait(None)

    def _result(self, result: Result) -> None:
        heard = Heard(result.words, result.final, result.final, 0.98, result.started_s, result.ended_s)
        self._heard.put_nowait(heard)


class Recognizer:
    """A speech-to-text vendor."""

    name = NAME

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Recognition:
        """Hear a call."""
        return Recognition()


class Voice:
    """A text-to-speech vendor."""

    name = NAME

    def __init__(self, spoken: dict[str, bytes]) -> None:
        self._spoken = spoken
        self._other = spoken[delays.REPLY[0]]
        """What any other text sounds like."""

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        """Yield a sentence's audio, faster than it is spoken."""
        audio = self._spoken.get(text.strip(), self._other)
        began_s = _now() + delays.FIRST_AUDIO_MS / 1000
        step = delays.CHUNK_MS * mulaw.BYTES_PER_MS
        for number, at in enumerate(range(0, len(audio), step)):
            await _until(began_s + number * delays.CHUNK_MS / delays.SPEED / 1000)
            yield audio[at : at + step]

    async def close(self) -> None:
        """Nothing is open."""


class Brain:
    """A language model."""

    name = NAME

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, model: str = ""
    ) -> AsyncIterator[Delta]:
        """Yield the reply word by word."""
        began_s = _now() + delays.FIRST_TOKEN_MS / 1000
        for number, token in enumerate(delays.tokens()):
            await _until(began_s + number / delays.TOKENS_PER_S)
            yield token
        yield Usage(400, 20)

    async def close(self) -> None:
        """Nothing is open."""


def vendors(folder: Path) -> LiveVendors:
    """One of each role."""
    return LiveVendors((Recognizer(),), (Voice(speech.replies(folder)),), (Brain(),))


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _until(moment_s: float) -> None:
    await asyncio.sleep(max(moment_s - _now(), 0.0))


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    wiring.live_vendors = lambda settings: vendors(folder)
    main()
