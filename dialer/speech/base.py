"""What speech to text and text to speech are to us.

Audio is 8 kHz mu-law, mono, one byte a sample, everywhere: 20 ms are 160 bytes. All of this runs on the media loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of what the recognizer heard. Interim pieces replace each other; final ones add up.

    `end_of_turn` is the recognizer's own opinion that the person has finished (Deepgram: `speech_final` or
    `UtteranceEnd`); such a piece may have no text.
    """

    text: str
    is_final: bool
    end_of_turn: bool = False
    confidence: float = 0.0
    started_s: float = 0.0
    """Seconds of audio since the stream began."""
    ended_s: float = 0.0
    language: str = ""
    """ISO 639-1, of most of the words; "" if the recognizer does not tell."""


class Recognition(Protocol):
    """One call's stream to a recognizer."""

    dropped_bytes: int
    """Audio that could not be sent in time."""
    by_the_second: bool
    """Whether what it is given is paid by the second."""

    @property
    def signs(self) -> int | None:
        """Signs of life so far: messages of any kind. None where `finalize` need not be answered within a second."""
        ...

    def feed(self, mulaw: bytes) -> None:
        """Hand over audio. Never blocks; what cannot be sent in time is dropped and counted in `dropped_bytes`."""
        ...

    def finalize(self) -> None:
        """Ask for the final words of what was fed so far, now."""
        ...

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Yield pieces until the stream is closed.

        Raises:
            VendorBusy, VendorRefused: the stream broke and could not be had again.
        """
        ...

    async def close(self) -> None:
        """End the stream. More than once is no error."""
        ...


class Recognizer(Protocol):
    """A speech-to-text vendor."""

    name: str

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Recognition:
        """Open a stream.

        Args:
            language: BCP 47; or "multi": whatever is spoken, which may change within a sentence.
            hints: words that the person may say.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many streams, or it cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Timed:
    """Where in the audio a word ends, as the vendor times it."""

    characters: int
    """Of the text, from its beginning to the end of the word."""
    at_bytes: int
    """Of the audio, from its beginning to the end of the word."""


class Voice(Protocol):
    """A text-to-speech vendor."""

    name: str

    def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes | Timed]:
        """Yield mu-law audio of any chunk length as it is made. Closing the iterator stops the vendor's work.

        Args:
            text: what to say.
            voice: this vendor's own id of a voice; empty: one that speaks the language.
            language: BCP 47.

        Yields:
            Audio, and behind it the end of each word that it holds, where the vendor tells them.

        Raises:
            VendorRefused: wrong credentials, unknown voice, quota used up.
            VendorBusy: try another voice, or later.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
