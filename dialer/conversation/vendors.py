"""The vendors of a live call, in order, and who of them is healthy.

Within a call the next vendor takes over for the next sentence, answer or stretch of speech. What fails is left alone
for a while by all calls of the process, unless nobody else is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from dialer import log
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Brain, Delta, Message, ToolSpec
from dialer.speech.base import Recognition, Recognizer, Voice

logger = log.get(__name__)

FAILURES: Final = 3
"""Failures in a row after which a vendor rests; a refusal (credentials, quota) is enough alone."""
REST_S: Final = 20.0
FIRST_AUDIO_S: Final = 2.5
NEXT_AUDIO_S: Final = 2.0
FIRST_TOKEN_S: Final = 6.0
NEXT_TOKEN_S: Final = 4.0
OPEN_S: Final = 3.0
LAST_PATIENCE: Final = 4.0
"""How much slower the last vendor may be than one after which another can be tried."""
SPOKEN_BYTES_PER_CHARACTER: Final = 8000 / 15
"""Mu-law bytes of a spoken character of English: where in a sentence a voice broke off."""


class Named(Protocol):
    """A vendor."""

    name: str


V = TypeVar("V", bound=Named)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LiveVendors:
    """Each role's vendors in the order of preference."""

    recognizers: tuple[Recognizer, ...]
    voices: tuple[Voice, ...]
    brains: tuple[Brain, ...]


class Breaker:
    """Whether a vendor is to be tried. Times come in as arguments."""

    __slots__ = ("_failures", "_rests_until_s")

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until_s = 0.0

    def closed(self, now: float) -> bool:
        """Whether it may be tried."""
        return now >= self._rests_until_s

    def worked(self) -> None:
        """It did what it should."""
        self._failures = 0
        self._rests_until_s = 0.0

    def failed(self, now: float, *, for_good: bool) -> None:
        """It failed; `for_good` if asking again cannot help."""
        self._failures += 1
        if for_good or self._failures >= FAILURES:
            self._rests_until_s = now + REST_S


class Ranked(Generic[V]):
    """One role's vendors with their breakers, shared by all calls of the process."""

    def __init__(self, vendors: Sequence[V]) -> None:
        self._vendors = tuple((vendor, Breaker()) for vendor in vendors)

    def order(self, now: float) -> list[V]:
        """Who is to be tried, in order: the healthy ones first, the resting ones only after them."""
        healthy = [vendor for vendor, breaker in self._vendors if breaker.closed(now)]
        return healthy + [vendor for vendor, breaker in self._vendors if not breaker.closed(now)]

    def worked(self, vendor: V) -> None:
        """It did what it should."""
        self._breaker(vendor).worked()

    def failed(self, vendor: V, error: Exception) -> None:
        """It did not."""
        logger.warning("vendor failed", vendor=vendor.name, error=str(error))
        self._breaker(vendor).failed(asyncio.get_running_loop().time(), for_good=isinstance(error, VendorRefused))

    def _breaker(self, vendor: V) -> Breaker:
        return next(breaker for known, breaker in self._vendors if known is vendor)


class Crew:
    """The vendors of all calls of one process."""

    def __init__(self, vendors: LiveVendors) -> None:
        self.recognizers: Ranked[Recognizer] = Ranked(vendors.recognizers)
        self.voices: Ranked[Voice] = Ranked(vendors.voices)
        self.brains: Ranked[Brain] = Ranked(vendors.brains)

    async def listen(self, *, language: str, hints: tuple[str, ...]) -> tuple[Recognizer, Recognition]:
        """Open a stream at the first recognizer that takes it.

        Raises:
            VendorBusy: none does.
        """
        for vendor in self.recognizers.order(_now()):
            try:
                async with asyncio.timeout(OPEN_S):
                    return vendor, await vendor.open(language=language, hints=hints)
            except (VendorBusy, VendorRefused, TimeoutError) as error:
                self.recognizers.failed(vendor, error)
        raise VendorBusy("speech to text", "no recognizer takes the stream")

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        """Yield the audio of a text; when a voice breaks off, the next one says the rest.

        Raises:
            VendorBusy: no voice can go on.
        """
        rest = text
        for patience, vendor in _patiently(self.voices.order(_now())):
            spoken = 0
            chunks = vendor.speak(rest, voice=voice, language=language)
            try:
                async for chunk in _in_time(chunks, FIRST_AUDIO_S * patience, NEXT_AUDIO_S * patience, vendor.name):
                    spoken += len(chunk)
                    yield chunk
                if not spoken:
                    raise VendorBusy(vendor.name, "no audio came")
            except (VendorBusy, VendorRefused) as error:
                self.voices.failed(vendor, error)
                rest = unsaid(rest, spoken)
                if not rest:
                    return
            else:
                self.voices.worked(vendor)
                return
        raise VendorBusy("text to speech", "no voice can speak")

    async def answer(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> AsyncIterator[Delta]:
        """Yield a model's answer. One that breaks off after its first words ends there: half an answer is an answer.

        Raises:
            VendorBusy: no model answers.
        """
        for patience, vendor in _patiently(self.brains.order(_now())):
            begun = False
            deltas = vendor.answer(messages, tools)
            try:
                async for delta in _in_time(deltas, FIRST_TOKEN_S * patience, NEXT_TOKEN_S * patience, vendor.name):
                    begun = True
                    yield delta
                if not begun:
                    raise VendorBusy(vendor.name, "an empty answer")
            except (VendorBusy, VendorRefused) as error:
                self.brains.failed(vendor, error)
                if begun:
                    return
            else:
                self.brains.worked(vendor)
                return
        raise VendorBusy("language model", "no model answers")


def _patiently(vendors: Sequence[V]) -> list[tuple[float, V]]:
    """Each vendor with the factor by which it may be slow: after the last one there is nobody to turn to."""
    return [(LAST_PATIENCE if vendor is vendors[-1] else 1.0, vendor) for vendor in vendors]


def unsaid(text: str, spoken_bytes: int) -> str:
    """What is left of a text of which some audio came: from the first word that cannot have been whole."""
    if not spoken_bytes:
        return text
    at = min(len(text), int(spoken_bytes / SPOKEN_BYTES_PER_CHARACTER))
    return "" if at >= len(text) else text[text.rfind(" ", 0, at) + 1 :]


async def _in_time(items: AsyncIterator[T], first_s: float, next_s: float, vendor: str) -> AsyncIterator[T]:
    """Yield items; a vendor that stalls is busy. The source is closed whatever happens."""
    wait_s = first_s
    try:
        while True:
            try:
                async with asyncio.timeout(wait_s):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise VendorBusy(vendor, f"silent for {wait_s} s") from error
            yield item
            wait_s = next_s
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _now() -> float:
    return asyncio.get_running_loop().time()
