"""Cuts a stream of tokens into what a voice can begin to say."""

from __future__ import annotations

import re
from typing import Final

FIRST_CLAUSE: Final = 50
"""Characters after which the first sentence of an answer may be cut at a comma, to be heard sooner."""
LONGEST: Final = 300
"""Characters after which a text without an end is cut at any space."""

_END: Final = re.compile(r"[.!?…]+[\"')\]]*\s+|[।]\s*|\n+")
_CLAUSE: Final = re.compile(r"[,;:\u2013\u2014]\s+")
_NO_END: Final = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|no|inc|ltd|co|corp|rs|ext|vol|fig|art|nr|tel|e\.g|i\.e|a\.m|p\.m|approx)|(?<!['\u2019])\b[A-Z]|^\d+)\.\s*$",
    re.IGNORECASE,
)
_MARKS: Final = (".", "!", "?", "…")
_END_SO_FAR: Final = re.compile(r"(?:[!?…]|(?:^|\s)[^\W\d_](?:[^\W\d_]|['\u2019-])+\.)$")
"""A mark behind a word, and nothing behind it yet: an end that is not waited for. Behind a number, or in what may be
an address, more may follow at once."""
_MORE_MARKS: Final = re.compile(r"[.!?…\"')\]]+(?=\s|$)")


class Sentences:
    """Collects text and gives out whole sentences. One per answer."""

    __slots__ = ("_buffer", "_first", "_mark")

    def __init__(self) -> None:
        self._buffer = ""
        self._first = True
        self._mark = ""
        """The mark behind which the last sentence was cut before it was known what follows it."""

    def feed(self, text: str) -> list[str]:
        """Add text; return the sentences that are complete by now."""
        self._buffer += text
        self._go_on()
        done: list[str] = []
        while (cut := self._cut()) is not None:
            sentence, self._buffer = self._buffer[:cut].strip(), self._buffer[cut:]
            if sentence:
                done.append(sentence)
                self._first = False
        return done

    def rest(self) -> str:
        """Return what is left at the end of the answer."""
        rest, self._buffer = self._buffer.strip(), ""
        return rest

    def _go_on(self) -> None:
        """Look at what follows an end that was not waited for: marks belong to it, "com" makes an address of it."""
        if self._mark and (marks := _MORE_MARKS.match(self._buffer)):
            self._buffer = self._buffer[marks.end() :]
        if self._mark and self._buffer:
            if self._mark == "." and self._buffer[0].isalpha():
                self._buffer = f".{self._buffer}"
            self._mark = ""

    def _cut(self) -> int | None:
        for match in _END.finditer(self._buffer):
            if not _NO_END.search(self._buffer[: match.end()]):
                return match.end()
        ends = self._buffer.endswith(_MARKS)  # most pieces end in a word, and a search goes through all of them
        if ends and _END_SO_FAR.search(self._buffer) and not _NO_END.search(self._buffer):
            self._mark = self._buffer[-1]
            return len(self._buffer)
        if self._first and len(self._buffer) >= FIRST_CLAUSE:
            for match in _CLAUSE.finditer(self._buffer):
                if match.end() >= FIRST_CLAUSE:
                    return match.end()
        if len(self._buffer) > LONGEST:
            return self._buffer.rfind(" ", 0, LONGEST) + 1 or LONGEST
        return None
