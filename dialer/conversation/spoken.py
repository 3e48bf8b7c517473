"""How far one voice came with a text before it broke off, so that the next one goes on at the right word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dialer.speech.base import Timed

BYTES_PER_CHARACTER: Final = 8000 / 15
"""Mu-law bytes of a spoken character of English, until a voice's own pace is known."""
CAUTION: Final = 0.9
"""Where words are not timed, so much of what seems to have been said is taken for said: to say a word twice is better
than not at all."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """The last `bytes` of the audio so far are a piece of a word, which will be said again from its beginning."""

    bytes: int


class Spoken:
    """One text from one voice."""

    def __init__(self, text: str, bytes_per_character: float) -> None:
        self._text = text
        self._pace = bytes_per_character
        self._ends: list[Timed] = []
        self.bytes = 0

    def add(self, piece: bytes | Timed) -> None:
        """Take what the voice made."""
        if isinstance(piece, Timed):
            self._ends.append(piece)
        else:
            self.bytes += len(piece)

    def rest(self) -> tuple[str, Fragment]:
        """What is left to be said, from the first word that is not whole, and how much audio there is of that word.

        Without the vendor's times the word is a careful guess, and none of the audio is given up for it.
        """
        whole = [end for end in self._ends if end.at_bytes <= self.bytes]
        if whole:
            return self._text[whole[-1].characters :].lstrip(), Fragment(self.bytes - whole[-1].at_bytes)
        if not self.bytes or self._ends:
            return self._text, Fragment(self.bytes)
        if self.bytes >= self._pace * len(self._text):
            return "", Fragment(0)
        at = int(self.bytes / self._pace * CAUTION)
        return self._text[self._text.rfind(" ", 0, at) + 1 :], Fragment(0)

    def pace(self) -> float:
        """Bytes per character, of a text that is whole."""
        return self.bytes / max(len(self._text), 1)
