"""Finds what is written in figures, so that each language can say it in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Final

LONGEST_QUANTITY: Final = 6
"""A run of more digits without separators is a number to call or to quote, and is read digit by digit."""

_FIGURES: Final = re.compile(
    r"(?P<date>\b\d{4}-\d{2}-\d{2}\b)"
    r"|(?P<time>\b(?:[01]?\d|2[0-3]):[0-5]\d\b)(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|(?P<sign>[$€£₹]|\bRs\.?)\s?(?P<money>\d[\d,]*(?:\.\d+)?)"
    r"|(?P<percent>\d[\d,]*(?:\.\d+)?)\s?%"
    r"|(?P<ordinal>\b\d+)(?:st|nd|rd|th)\b"
    r"|(?<![\w.,-])(?P<digits>\+?\d{7,})(?![\w])"
    r"|(?<![\w.,])(?P<number>\d[\d,]*(?:\.\d+)?)(?![\w])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How one language says figures."""

    number: Callable[[Decimal], str]
    ordinal: Callable[[int], str]
    digits: Callable[[str], str]
    money: Callable[[str, Decimal], str]
    """Sign ($, €, £, ₹) and amount."""
    percent: Callable[[Decimal], str]
    time: Callable[[time], str]
    date: Callable[[date], str]

    def aloud(self, text: str) -> str:
        """Write all figures of a text in words. What cannot be such (a 31st of February) stays as it is."""
        return _FIGURES.sub(self._say, text)

    def _say(self, found: re.Match[str]) -> str:
        try:
            return self._words(found)
        except ValueError:
            return found.group()

    def _words(self, found: re.Match[str]) -> str:
        match found.lastgroup, found.group(found.lastgroup or 0):
            case "date", written:
                return self.date(date.fromisoformat(written))
            case "time", written:
                return self.time(_time(written, ""))
            case "half", half:
                return self.time(_time(found["time"], half.lower()))
            case "money", written:
                sign = found["sign"]
                return self.money("₹" if sign.lower().startswith("r") else sign, _decimal(written))
            case "percent", written:
                return self.percent(_decimal(written))
            case "ordinal", written:
                return self.ordinal(int(written))
            case "digits", written:
                return self.digits(written.lstrip("+"))
            case _, written:
                plain = written.rstrip(",")
                return self.number(_decimal(plain)) + written[len(plain) :]


def _decimal(written: str) -> Decimal:
    return Decimal(written.replace(",", ""))


def _time(written: str, half: str) -> time:
    hour, minute = (int(part) for part in written.split(":"))
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute)
