"""The vendors of a live call, in order. Within a call the next one takes over in the middle of what the last one did.

A voice that breaks off is followed from the first word that was not whole, a recognizer from the last final words (see
`listening`), a model from the last whole sentence. Who rests is kept in `breakers`; a resting vendor is tried only when
nobody else is left. Who fails at once when nobody else is left is asked once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from dialer.conversation import casting
from dialer.conversation.breakers import Named, Ranked, V
from dialer.conversation.sentences import Sentences
from dialer.conversation.spoken import BYTES_PER_CHARACTER, Fragment, Spoken
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Brain, Delta, Message, Resumed, ToolCall, ToolSpec
from dialer.speech.base import Recognition, Recognizer, Timed, Voice
from dialer.speech2speech.base import Talker

FIRST_AUDIO_S: Final = 2.5
NEXT_AUDIO_S: Final = 2.0
FIRST_TOKEN_S: Final = 3.0
"""People ask whether anybody is there after some six seconds, and the next model and a voice take their time, too."""
NEXT_TOKEN_S: Final = 4.0
GIVEN_UP_S: Final = 1.5
"""A model that has said nothing for so long when the person goes on has failed, though nobody waited for the end."""
OPEN_S: Final = 3.0
LAST_PATIENCE: Final = 4.0
"""How much slower the last vendor may be than one after which another can be tried."""
HICCUP_S: Final = 1.0
"""When all vendors have failed within so little time, nobody has waited for them long."""
PACED_CHARACTERS: Final = 20
"""A text so long tells a voice's pace."""
GO_ON: Final = Message(
    "system",
    "The connection broke after your last words, which the person has heard. Go on from there: repeat nothing, and do"
    " not mention it.",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LiveVendors:
    """Each role's vendors in the order of preference."""

    recognizers: tuple[Recognizer, ...]
    voices: tuple[Voice, ...]
    brains: tuple[Brain, ...]
    talkers: tuple[Talker, ...] = ()
    """Speech-to-speech models, for agents that want one."""


class Crew:
    """The vendors of all calls of one process."""

    def __init__(self, vendors: LiveVendors) -> None:
        self.recognizers: Ranked[Recognizer] = Ranked(vendors.recognizers)
        self.voices: Ranked[Voice] = Ranked(vendors.voices)
        self.brains: Ranked[Brain] = Ranked(vendors.brains)
        self.talkers: Ranked[Talker] = Ranked(vendors.talkers)
        self._paces: dict[tuple[str, str], float] = {}

    async def listen(
        self,
        *,
        language: str,
        hints: tuple[str, ...],
        recognizers: tuple[str, ...] = (),
        broke: Named | None = None,
    ) -> tuple[Recognizer, Recognition]:
        """Open a stream at the first recognizer that takes it, in the order that `casting` reads from `recognizers`.

        The one that just `broke` on this call comes last: whoever speaks must not wait until it rests.

        Raises:
            VendorBusy: none does.
        """
        wish = casting.read(recognizers, self.recognizers.names)
        vendors = sorted(self.recognizers.order(_now(), wish.order), key=lambda each: each is broke)
        tries = _Tries(self.recognizers, vendors)
        for _, vendor in tries:
            try:
                async with asyncio.timeout(OPEN_S):
                    return vendor, await vendor.open(language=language, hints=hints)
            except (VendorBusy, VendorRefused, TimeoutError) as error:
                tries.failed(vendor, error)
        raise VendorBusy("speech to text", "no recognizer takes the stream")

    def heard(self, vendor: Named) -> None:
        """A recognizer hears."""
        self.recognizers.worked(vendor)

    def misheard(self, vendor: Named, error: Exception) -> None:
        """A recognizer's stream broke."""
        self.recognizers.failed(vendor, error, _now())

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes | Fragment]:
        """Yield the audio of a text; when a voice breaks off, the next one says the rest.

        Args:
            text: what to say.
            voice: which voices, as `dialer.conversation.casting` reads the words of it.
            language: BCP 47.

        Yields:
            Audio; and where a voice broke off within a word, how much of the audio so far is a piece of it.

        Raises:
            VendorBusy: no voice can go on.
        """
        wish = casting.read(tuple(voice.split()), self.voices.names)
        rest = text
        tries = _Tries(self.voices, self.voices.order(_now(), wish.order))
        for patience, vendor in tries:
            own = wish.of(vendor.name)
            spoken = Spoken(rest, self._paces.get((vendor.name, own), BYTES_PER_CHARACTER))
            pieces = vendor.speak(rest, voice=own, language=language)
            try:
                async for piece in in_time(pieces, FIRST_AUDIO_S * patience, NEXT_AUDIO_S * patience, vendor.name):
                    spoken.add(piece)
                    if not isinstance(piece, Timed):
                        yield piece
                if not spoken.bytes:
                    raise VendorBusy(vendor.name, "no audio came")
            except (VendorBusy, VendorRefused) as error:
                tries.failed(vendor, error)
                rest, fragment = spoken.rest()
                if not rest:
                    return
                if fragment.bytes:
                    yield fragment
            else:
                self.voices.worked(vendor)
                if len(rest) >= PACED_CHARACTERS:
                    self._paces[vendor.name, own] = spoken.pace()
                return
        raise VendorBusy("text to speech", "no voice can speak")

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], *, brains: tuple[str, ...] = ()
    ) -> AsyncIterator[Delta]:
        """Yield a model's answer. When one breaks off, the next goes on after its last whole sentence.

        Args:
            messages: the conversation so far, the system prompt first.
            tools: what the model may ask for.
            brains: which models, as `dialer.conversation.casting` reads them.

        Yields:
            The answer; `Resumed` where what was written of an unfinished sentence is void.

        Raises:
            VendorBusy: no model answers, and not a sentence is there.
        """
        wish = casting.read(brains, self.brains.names)
        sentences: list[str] = []
        tries = _Tries(self.brains, self.brains.order(_now(), wish.order))
        for patience, vendor in tries:
            begun, called, whole, asked_s = False, False, Sentences(), _now()
            said = [Message("assistant", " ".join(sentences)), GO_ON] if sentences else []
            deltas = vendor.answer([*messages, *said], tools, model=wish.of(vendor.name))
            try:
                async for delta in in_time(deltas, FIRST_TOKEN_S * patience, NEXT_TOKEN_S * patience, vendor.name):
                    begun = True
                    if isinstance(delta, str):
                        sentences += whole.feed(delta)
                    called = called or isinstance(delta, ToolCall)
                    yield delta
                if not begun and not sentences:
                    raise VendorBusy(vendor.name, "an empty answer")
            except (VendorBusy, VendorRefused) as error:
                tries.failed(vendor, error)
                if called:  # what it asked for is done now, and nobody shall ask for it twice
                    return
                if begun:
                    yield Resumed(" ".join(sentences))
            except (asyncio.CancelledError, GeneratorExit):
                if not begun and _now() - asked_s >= GIVEN_UP_S:
                    self.brains.failed(vendor, VendorBusy(vendor.name, "silent until it was given up"), _now())
                raise
            else:
                self.brains.worked(vendor)
                return
        if not sentences:
            raise VendorBusy("language model", "no model answers")


class _Tries(Generic[V]):
    """Who is tried for one piece of work, in order. When all have failed at once, the first of them that may be asked
    again is: what goes wrong at the begin must not end a call because it has only one vendor.
    """

    def __init__(self, role: Ranked[V], vendors: Sequence[V]) -> None:
        self._role = role
        self._vendors = vendors
        self._again: V | None = None

    def __iter__(self) -> Iterator[tuple[float, V]]:
        """Each vendor with the factor by which it may be slow: after the last one there is nobody to turn to."""
        began_s = _now()
        for vendor in self._vendors:
            yield (LAST_PATIENCE if vendor is self._vendors[-1] else 1.0), vendor
        if self._again is not None and _now() - began_s < HICCUP_S:
            yield LAST_PATIENCE, self._again

    def failed(self, vendor: V, error: Exception) -> None:
        """It did not do it. Who fails twice at one piece of work is counted once."""
        if vendor is self._again:
            return
        self._role.failed(vendor, error, _now())
        if self._again is None and isinstance(error, VendorBusy) and error.wait_s is None:
            self._again = vendor


async def in_time(items: AsyncIterator[T], first_s: float, next_s: float, vendor: str) -> AsyncGenerator[T, None]:
    """Yield items; a vendor that stalls is busy. The source is closed whatever happens."""
    wait_s = first_s
    try:
        async with asyncio.timeout(wait_s) as limit:  # one that is moved costs half of one for each item
            async for item in items:
                limit.reschedule(None)
                yield item
                wait_s = next_s
                limit.reschedule(_now() + wait_s)
    except TimeoutError as error:
        raise VendorBusy(vendor, f"silent for {wait_s} s") from error
    finally:
        del limit  # it has the task, which, if it is cut here, has this frame in its traceback
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _now() -> float:
    return asyncio.get_running_loop().time()
