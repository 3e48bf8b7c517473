"""One call's recognizer, replaced by the next one when it breaks; what was not recognized yet is said to it again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from dialer import log
from dialer.audio.mulaw import FRAME_MS
from dialer.conversation.breakers import Named
from dialer.errors import DialerError
from dialer.speech.base import Heard, Recognition

logger = log.get(__name__)

REPLAYED_FRAMES: Final = 500
"""10 s of audio that no final words are about are kept for the next recognizer."""
TIMED_FRAMES: Final = 1500
"""30 s of audio for which it is known when the recognizer got it."""
SILENT_FRAMES: Final = 5
"""100 ms of silence are one message: it costs as much as a frame, and nobody waits for it."""
REOPENINGS: Final = 5
LAST_WORDS_S: Final = 0.6
"""How long the last words are waited for after the stream is over: they may be "don't call again"."""


class Ears(Protocol):
    """Who can listen: `Crew`, or `Talking` with its model first."""

    async def listen(
        self, *, language: str, hints: tuple[str, ...], recognizers: tuple[str, ...] = (), broke: Named | None = None
    ) -> tuple[Named, Recognition]:
        """Open a stream, at anybody rather than the one that `broke`.

        Raises:
            VendorBusy: nobody listens.
        """
        ...

    def misheard(self, vendor: Named, error: Exception) -> None:
        """A stream broke."""
        ...


class Listening:
    """Feeds a recognizer and hands on what it hears."""

    def __init__(
        self,
        ears: Ears,
        *,
        language: str,
        hints: tuple[str, ...],
        on_heard: Callable[[Heard, float], None],
        recognizers: tuple[str, ...] = (),
    ) -> None:
        """Begin deaf.

        Args:
            ears: who listens.
            language: BCP 47.
            hints: words that the person may say.
            recognizers: which of the vendors are preferred.
            on_heard: called with what was heard, and how long (s) the recognizer took for it; 0.0 if unknown.
        """
        self._ears = ears
        self._language = language
        self._hints = hints
        self._recognizers = recognizers
        self._on_heard = on_heard
        self._recognition: Recognition | None = None
        self._unheard: deque[bytes] = deque(maxlen=REPLAYED_FRAMES)
        self._fed_s: deque[float] = deque(maxlen=TIMED_FRAMES)
        self._fed = 0
        self._task: asyncio.Task[None] | None = None
        self._silent = asyncio.Event()
        self.frames = 0
        self.reopened = 0
        self._waiting: list[bytes] = []
        self.urgent = True
        """Whether somebody speaks, or has not finished: each frame goes out at once. Silence goes out in batches."""
        self.deaf = False
        """Whether no recognizer could be had."""

    def start(self) -> None:
        """Open a stream; audio that arrives meanwhile is kept for it."""
        self._task = asyncio.ensure_future(self._listen())

    def feed(self, frame: bytes, now: float) -> None:
        """Hand over 20 ms of mu-law, at `now` on the loop's clock. Never blocks."""
        self.frames += 1
        self._unheard.append(frame)
        if self._recognition is None:
            return
        self._waiting.append(frame)
        if self.urgent or len(self._waiting) >= SILENT_FRAMES:
            self._flush(self._recognition, now)

    def finalize(self) -> None:
        """Ask for the final words of what was said so far."""
        if self._recognition is not None:
            self._flush(self._recognition, asyncio.get_running_loop().time())
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
        broke: Named | None = None
        for _ in range(1 + REOPENINGS):
            try:
                vendor, recognition = await self._ears.listen(
                    language=self._language, hints=self._hints, recognizers=self._recognizers, broke=broke
                )
            except DialerError as error:
                logger.error("nobody listens", error=str(error))
                break
            self._fed_s.clear()
            self._fed = 0
            now = asyncio.get_running_loop().time()
            for frame in self._unheard:
                self._feed(recognition, [frame], now)
            self._recognition = recognition
            try:
                async for heard in recognition:
                    if heard.is_final:
                        self._forget(heard)
                        self._silent.set()
                    self._on_heard(heard, self._delay_s(recognition, heard))
                return
            except DialerError as error:
                self._ears.misheard(vendor, error)
                self.reopened += 1
                broke = vendor
                await self._drop()
        self.deaf = True

    def _flush(self, recognition: Recognition, now: float) -> None:
        if self._waiting:
            self._feed(recognition, self._waiting, now)
            self._waiting = []

    def _feed(self, recognition: Recognition, frames: Sequence[bytes], now: float) -> None:
        recognition.feed(frames[0] if len(frames) == 1 else b"".join(frames))
        self._fed_s.extend([now] * len(frames))
        self._fed += len(frames)

    def _forget(self, heard: Heard) -> None:
        """Forget the audio that final words are about. What came after it is kept: nobody has told its words yet."""
        if not heard.ended_s:
            return
        newer = max(self._fed - round(heard.ended_s * 1000 / FRAME_MS), 0)
        while len(self._unheard) > newer + len(self._waiting):
            self._unheard.popleft()

    def _delay_s(self, recognition: Recognition, heard: Heard) -> float:
        """How long ago the recognizer got the last of the audio that this is about."""
        behind = self._fed - round(heard.ended_s * 1000 / FRAME_MS)
        if not heard.ended_s or recognition.dropped_bytes or not 0 <= behind < len(self._fed_s):
            return 0.0
        return max(asyncio.get_running_loop().time() - self._fed_s[-1 - behind], 0.0)

    async def _drop(self) -> None:
        recognition, self._recognition = self._recognition, None
        self._waiting = []  # they are among those that are said again
        if recognition is not None:
            await recognition.close()
