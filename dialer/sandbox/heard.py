"""What an ear reports of a stream: words, the beginnings of speech, and speech that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordHeard:
    """A word, right or misheard. Seconds since the stream began."""

    text: str
    start_s: float
    end_s: float
    is_whole: bool = True
    """Whether all of it arrived."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak after a pause. Seconds since the stream began."""

    at_s: float


@dataclass(frozen=True, slots=True)
class UnknownSpeech:
    """Speech that none of our voices made, over now. Seconds since the stream began."""

    start_s: float
    end_s: float

    @property
    def text(self) -> str:
        """How it is transcribed."""
        return f"[speech {self.end_s - self.start_s:.1f} seconds]"


EarEvent = WordHeard | SpeechStarted | UnknownSpeech


@dataclass(slots=True)
class Tally:
    """What an ear has heard: words of which all arrived, words of which a part did, and stretches of unknown speech."""

    words: int = 0
    broken_words: int = 0
    unknown: int = 0

    def add(self, event: EarEvent) -> None:
        """Count something heard."""
        if isinstance(event, UnknownSpeech):
            self.unknown += 1
        elif isinstance(event, WordHeard):
            self.words += event.is_whole
            self.broken_words += not event.is_whole
