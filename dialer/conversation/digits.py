"""Digits as people say them: one by one, in pairs, "double four", in English or Hindi, with "um" between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ONES: Final[dict[str, str]] = {
    word: str(value)
    for value, said in enumerate(
        (
            *("zero oh o nought शून्य जीरो ज़ीरो shunya", "one एक ek", "two दो", "three तीन teen", "four चार char chaar"),
            *("five पाँच पांच paanch panch", "six छह छः chhe chhah", "seven सात saat", "eight आठ aath", "nine नौ nau"),
        )
    )
    for word in said.split()
} | {chr(0x0966 + value): str(value) for value in range(10)}
_TEENS: Final = {
    word: str(value)
    for value, word in enumerate(
        ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        10,
    )
}
_TENS: Final = {
    word: str(value)
    for value, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)
}
_TIMES: Final = {"double": 2, "triple": 3, "treble": 3, "डबल": 2, "ट्रिपल": 3}
_BETWEEN: Final = frozenset({"um", "uh", "er", "and", "then", "okay", "ok", "और", "फिर", "aur", "phir"})
_WORD: Final = re.compile(r"[0-9]|[\u0966-\u096f]|(?:(?![0-9\u0966-\u096f])[\w\u0900-\u0963'])+")
_CLOSE: Final = re.compile(r"[\s,.\-\u2013]*")


@dataclass(frozen=True, slots=True)
class Run:
    """Digits one after the other, and where they stand in the text."""

    digits: str
    start: int
    end: int


def runs(text: str) -> Iterator[Run]:
    """Find the digits of a text, run by run; a run ends at a word that is none, or at other marks than , . and -."""
    open_run: list[tuple[str, int, int]] = []
    times, at = 1, 0
    tens = ""
    for word in _WORD.finditer(text):
        said = word.group().lower()
        near = _CLOSE.fullmatch(text, at, word.start()) is not None
        if open_run and not near:
            yield _run(open_run)
            open_run, times, tens = [], 1, ""
        at = word.end()
        if said in _TIMES:
            times = _TIMES[said]
            continue
        if said in _BETWEEN and open_run:
            continue
        digit = said if said.isascii() and said.isdigit() else _ONES.get(said, "")
        if said == "do" and open_run:  # Hindi's two; by itself it is an English verb
            digit = "2"
        if tens and digit not in ("", "0"):
            open_run[-1] = (tens + digit, open_run[-1][1], word.end())
            tens = ""
            continue
        tens = _TENS.get(said, "")
        value = digit * times or _TEENS.get(said, "") or (f"{tens}0" if tens else "")
        if value:
            open_run.append((value, word.start(), word.end()))
        elif open_run:
            yield _run(open_run)
            open_run = []
        times = 1
    if open_run:
        yield _run(open_run)


def _run(parts: list[tuple[str, int, int]]) -> Run:
    return Run("".join(digits for digits, _, _ in parts), parts[0][1], parts[-1][2])
