"""Cues: words that speak for something, with a weight. What a language's machines say is a table of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialer.languages.base import plain


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that speak for something. Each stretch of different words counts, up to `most` of them."""

    weight: float
    pattern: re.Pattern[str]
    most: int = 1

    def score(self, words: str) -> float:
        """How much they speak for it."""
        return self.weight * min(len({match.group() for match in self.pattern.finditer(words)}), self.most)


def cues(*written: tuple[float, str] | tuple[float, str, int]) -> tuple[Cue, ...]:
    """Read a table's lines: weight, pattern, and how many count if more than one does."""
    return tuple(Cue(one[0], sign(one[1]), *one[2:]) for one in written)


def sign(pattern: str) -> re.Pattern[str]:
    """A pattern of words in small letters: without regard to capitals it would take three times as long."""
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Machines:
    """What machines say in one language, and what only people say."""

    voicemail: tuple[Cue, ...]
    screening: tuple[Cue, ...]
    ivr: tuple[Cue, ...]
    fax: tuple[Cue, ...]
    person: tuple[Cue, ...]
    """What people say and recordings do not; it speaks against every machine."""
    promises_beep: re.Pattern[str]
    no_mailbox: re.Pattern[str]
    """Of an answerphone that takes no messages."""
    greets: re.Pattern[str]
    """All that somebody says who waits for an answer."""
    asks_to_wait: re.Pattern[str]
    turns_away: re.Pattern[str]
    """Of a screener: nobody will come."""
    in_plain_words: bool = False
    """Whether the patterns are of plain words (`dialer.languages.base.plain`), as a script of many spellings needs."""

    def as_written(self, words: str) -> str:
        """Words as the patterns want them."""
        return plain(words) if self.in_plain_words else words.lower()
