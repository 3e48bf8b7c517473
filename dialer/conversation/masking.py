"""Card numbers are masked before words leave the loop: they reach neither the model nor a row nor a log."""

from __future__ import annotations

import re
from typing import Final

_WORD_DIGITS: Final = {
    "zero": "0",
    "oh": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}
_DIGIT: Final = rf"(?:\d|\b(?:{'|'.join(_WORD_DIGITS)})\b)"
_RUN: Final = re.compile(rf"{_DIGIT}(?:[\s,.\-\u2013]*{_DIGIT}){{12,}}", re.IGNORECASE)
_ONE: Final = re.compile(rf"\d|{'|'.join(_WORD_DIGITS)}", re.IGNORECASE)
_ISSUERS: Final = "23456"
"""First digits of payment cards."""
MASK: Final = "[card number]"


def mask(words: str) -> str:
    """Replace card numbers, in digits or spoken: 13 to 19 digits of which Luhn's sum is right."""
    return _RUN.sub(_masked, words)


def _masked(match: re.Match[str]) -> str:
    digits = "".join(_WORD_DIGITS.get(found.lower(), found) for found in _ONE.findall(match.group()))
    lengths = {len(digits), 16, 15} & set(range(13, 20))  # behind the number its date and code may follow
    card = digits[0] in _ISSUERS and any(len(digits) >= length and luhn(digits[:length]) for length in lengths)
    return MASK if card else match.group()


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others. Source: ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
