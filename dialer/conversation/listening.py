"""One call's recognizer, replaced by the next one when it breaks or goes deaf; what was not recognized yet is said to
that one again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from sys import maxsize
from typing import Final, Protocol

from dialer import log
from dialer.audio.mulaw import FRAME_MS
from dialer.conversation.breakers import Named
from dialer.conversation.deafness import ANSWER_S, Deafness
from dialer.conversation.persons_audio import KEPT_FRAMES, PersonsAudio
from dialer.conversation.spending import Spent
from dialer.errors import DialerError, VendorBusy
from dialer.speech.base import Heard, Recognition

logger = log.get(__name__)

TIMED_MESSAGES: Final = 1500
"""At least 30 s of audio without final words for which it is known when the recognizer got it."""
SPEECH_FRAMES: Final = 1
"""20 ms of speech are one message: no word waits for the next one's frame."""
SILENT_FRAMES: Final = 10
"""200 ms of silence are one message: nobody waits for it."""
REPLAYED_FRAMES: Final = 5
"""100 ms a message of what the next recognizer is told at once."""
REOPENINGS: Final = 5
LAST_WORDS_S: Final = 0.6
"""How long the last words are waited for after the stream is over: they may be "don't call again"."""
NEXT_WORDS_S: Final = 3.0
"""And how long for the next recognizer's, where the last one has fallen silent."""


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

    def heard(self, vendor: Named) -> None:
        """It hears."""
        ...

    def misheard(self, vendor: Named, error: Exception) -> None:
        """A stream broke."""
        ...


class Listening:
    """Feeds a recognizer and hands on what it hears."""

    def __init__(
        self,
        ears: Ears,
        audio: PersonsAudio,
        *,
        language: str,
        hints: tuple[str, ...],
        on_heard: Callable[[Heard, float], None],
        spent: Spent,
        recognizers: tuple[str, ...] = (),
    ) -> None:
        """Begin deaf.

        Args:
            ears: who listens.
            audio: what there is to hear.
            language: BCP 47.
            hints: words that the person may say.
            recognizers: which of the vendors are preferred.
            on_heard: called with what was heard, and how long (s) the recognizer took for it; 0.0 if unknown.
            spent: counts what the recognizers are given.
        """
        self._ears = ears
        self._audio = audio
        self._language = language
        self._hints = hints
        self._recognizers = recognizers
        self._on_heard = on_heard
        self._spent = spent
        self._recognition: Recognition | None = None
        self._told = 0
        """The number of the first frame that no final words are about."""
        self._first = self._fed = 0
        """The numbers of the first frame that the present recognizer got, and of the next one that it will get."""
        self._fed_s: deque[tuple[int, float]] = deque(maxlen=TIMED_MESSAGES)
        """When it got the frames before a number."""
        self.due = maxsize
        """So many frames must have come until `feed` is called."""
        self._task: asyncio.Task[None] | None = None
        self._silent = asyncio.Event()
        self._deafness = Deafness()
        self._given_up = False
        """Whether the present stream was closed because it is deaf."""
        self._closing: set[asyncio.Task[None]] = set()
        self.reopened = 0
        self._urgent = True
        self.deaf = False
        """Whether no recognizer could be had."""

    def start(self) -> None:
        """Open a stream; audio that arrives meanwhile is kept for it."""
        self._task = asyncio.ensure_future(self._listen_or_be_deaf())

    @property
    def urgent(self) -> bool:
        """Whether somebody speaks, or has not finished: their audio goes out sooner than silence."""
        return self._urgent

    @urgent.setter
    def urgent(self, urgent: bool) -> None:
        if urgent is not self._urgent:
            self._urgent = urgent
            self._expect()

    def feed(self, now: float) -> None:
        """Hand over what has come, at `now` on the loop's clock. Never blocks."""
        if self._recognition is not None:
            self._feed(self._recognition, self._audio.count, now)

    def finalize(self) -> None:
        """Ask for the final words of what was said so far."""
        recognition = self._recognition
        if recognition is not None:
            now = asyncio.get_running_loop().time()
            self._feed(recognition, self._audio.count, now)
            if recognition.signs is not None:
                self._deafness.asked(now, recognition.signs)
            recognition.finalize()

    def mind(self, now: float, *, voiced_since_s: float, last_voice_s: float) -> None:
        """Notice a recognizer that has gone deaf, and turn to the next one.

        Args:
            now: the loop's time.
            voiced_since_s: since when somebody speaks; 0.0 if nobody does.
            last_voice_s: when their voice was last heard.
        """
        recognition = self._recognition
        if recognition is None or recognition.signs is None:
            return
        if voiced_since_s:
            self._deafness.voice(voiced_since_s, last_voice_s, recognition.signs)
        if self._deafness.certain(now, recognition.signs):
            self._give_up(recognition)
        elif voiced_since_s and self._deafness.suspicious(now, recognition.signs):
            self.finalize()

    async def last_words(self) -> None:
        """Wait for the final words of what was said before the stream was over."""
        self._silent.clear()
        self.finalize()
        if await self._fell_silent(LAST_WORDS_S):
            return
        recognition = self._recognition
        if recognition is not None and recognition.signs is not None and self._deafness.unanswered(recognition.signs):
            self.urgent = False
            self._give_up(recognition)
            await self._fell_silent(NEXT_WORDS_S)

    async def _fell_silent(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                return await self._silent.wait()
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Listen no more."""
        task, self._task = self._task, None  # one that was cut has, in its traceback, us
        if task is not None:
            task.cancel()
            await asyncio.gather(task, *self._closing, return_exceptions=True)
        await self._drop()

    async def _listen_or_be_deaf(self) -> None:
        try:
            await self._listen()
        except Exception:  # a call that nobody hears any more must end
            logger.exception("listening failed")
            self.deaf = True

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
            self._begin(recognition)
            try:
                await self._hear(vendor, recognition)
                return
            except DialerError as error:
                self._ears.misheard(vendor, error)
                self.reopened += 1
                broke = vendor
                await self._drop()
        self.deaf = True

    def _begin(self, recognition: Recognition) -> None:
        """Say to a new stream what nobody has told the words of."""
        self._fed_s.clear()
        self._first = self._fed = max(self._told, self._audio.count - KEPT_FRAMES)
        self._deafness, self._given_up = Deafness(), False
        now = asyncio.get_running_loop().time()
        self._recognition = recognition
        while self._fed < self._audio.count:
            self._feed(recognition, min(self._fed + REPLAYED_FRAMES, self._audio.count), now)
        self._expect()
        if self.reopened and not self.urgent:  # whoever spoke has finished: their words are due now
            self.finalize()

    async def _hear(self, vendor: Named, recognition: Recognition) -> None:
        """Hand on what a stream hears until it is closed.

        Raises:
            DialerError: it broke, or went deaf.
        """
        async for heard in recognition:
            if heard.is_final:
                self._ears.heard(vendor)
                self._deafness.told(asyncio.get_running_loop().time())
                self._forget(heard)
                self._silent.set()
            self._on_heard(heard, self._delay_s(recognition, heard))
        if self._given_up:
            raise VendorBusy(vendor.name, f"no sign of life within {ANSWER_S} s")

    def _give_up(self, recognition: Recognition) -> None:
        """Close a deaf stream; the next one is opened once it is."""
        self._given_up = True
        self._recognition = None
        self._expect()
        closing = asyncio.ensure_future(recognition.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _feed(self, recognition: Recognition, end: int, now: float) -> None:
        """Hand over the frames before a number."""
        if end > self._fed:
            recognition.feed(self._audio.between(self._fed, end))
            if recognition.by_the_second:
                self._spent.stt_frames += end - self._fed
            self._fed = end
            self._fed_s.append((end, now))
            self._expect()

    def _expect(self) -> None:
        """Find when the next message is due."""
        waits = SPEECH_FRAMES if self._urgent else SILENT_FRAMES
        self.due = maxsize if self._recognition is None else self._fed + waits

    def _forget(self, heard: Heard) -> None:
        """Forget the audio that final words are about. What came after it is kept: nobody has told its words yet."""
        if heard.ended_s:
            self._told = max(self._told, min(self._about(heard), self._fed))
            while self._fed_s and self._fed_s[0][0] < self._told:
                self._fed_s.popleft()

    def _about(self, heard: Heard) -> int:
        """The number of the frame behind those that words are about."""
        return self._first + round(heard.ended_s * 1000 / FRAME_MS)

    def _delay_s(self, recognition: Recognition, heard: Heard) -> float:
        """How long ago the recognizer got the last of the audio that this is about; 0.0 if that is not known."""
        end = self._about(heard)
        if not heard.ended_s or recognition.dropped_bytes or not self._first < end <= self._fed or end < self._told:
            return 0.0
        now = got_s = asyncio.get_running_loop().time()
        for before, at_s in reversed(self._fed_s):
            if before < end:
                return now - got_s
            got_s = at_s
        return now - got_s if len(self._fed_s) < TIMED_MESSAGES else 0.0

    async def _drop(self) -> None:
        recognition, self._recognition = self._recognition, None
        self._expect()
        if recognition is not None:
            await recognition.close()
