"""Amounts of money as they are said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dialer.understanding import numbers

_SYMBOLS: Final = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}
_UNITS: Final = {
    **dict.fromkeys(("dollar", "dollars", "bucks", "usd", "डॉलर"), "USD"),
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "quid", "gbp"), "GBP"),
    **dict.fromkeys(("rupee", "rupees", "rs", "inr", "रुपये", "रुपए", "रुपया", "रुपयों", "rupaye"), "INR"),
}
_WORD: Final = "|".join(sorted(map(re.escape, {*numbers.SMALL, *numbers.BIG} - {"k"}), key=len, reverse=True))
_BEGINS, _ENDS = r"(?<![\w\u0900-\u097f])", r"(?![\w\u0900-\u097f])"
"""Word boundaries: Devanagari's vowel signs are no word characters to `\\b`."""
_NUMBER: Final = rf"(?:\d[\d,]*(?:\.\d+)?k?|{_BEGINS}(?:{_WORD}))(?:[ -](?:and )?(?:{_WORD}){_ENDS})*"
_AMOUNT: Final = re.compile(
    rf"([$€£₹])\s?(\d[\d,]*(?:\.\d+)?k?(?: (?:thousand|lakh|million|crore|हज़ार|लाख|करोड़))?)"
    rf"|({_NUMBER})\s?({'|'.join(sorted(_UNITS, key=len, reverse=True))}){_ENDS}"
    rf"|(\d[\d,]*(?:\.\d+)?)\s?(?:%|percent\b|प्रतिशत)",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[tuple[str, str]]:
    """Yield what was said and its value: "$1,200" is "1200 USD", "दो हज़ार रुपये" "2000 INR", "5 percent" "5 %"."""
    for match in _AMOUNT.finditer(text):
        symbol, after_symbol, before_unit, unit, percent = match.groups()
        said = after_symbol or before_unit or percent
        number = numbers.read(re.sub(r"(?<=\d)k\b", " k", said, flags=re.IGNORECASE))
        if number is None:
            continue
        currency = _SYMBOLS[symbol] if symbol else _UNITS[unit.lower()] if unit else "%"
        yield match.group().strip(), f"{number:.2f}".rstrip("0").rstrip(".") + f" {currency}"
