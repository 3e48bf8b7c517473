"""Numbers as they are said, in English and Hindi."""

from __future__ import annotations

import re
from typing import Final

SMALL: Final[dict[str, int]] = {
    word: value
    for value, said in {
        0: "zero शून्य", 1: "one एक ek", 2: "two दो do", 3: "three तीन teen", 4: "four चार char",
        5: "five पाँच पांच paanch", 6: "six छह छः chhe", 7: "seven सात saat", 8: "eight आठ aath", 9: "nine नौ nau",
        10: "ten दस das", 11: "eleven ग्यारह gyarah", 12: "twelve बारह barah", 13: "thirteen तेरह",
        14: "fourteen चौदह", 15: "fifteen पंद्रह पन्द्रह", 16: "sixteen सोलह", 17: "seventeen सत्रह",
        18: "eighteen अठारह", 19: "nineteen उन्नीस", 20: "twenty बीस bees", 25: "पच्चीस", 30: "thirty तीस tees",
        40: "forty चालीस", 50: "fifty पचास pachaas", 60: "sixty साठ", 70: "seventy सत्तर", 75: "पचहत्तर",
        80: "eighty अस्सी", 90: "ninety नब्बे",
    }.items()
    for word in said.split()
}  # fmt: skip
"""Word → number. "do" is Hindi's two and an English verb: only callers that expect a number ask."""
BIG: Final[dict[str, int]] = {
    word: value
    for value, said in {
        100: "hundred सौ sau", 1_000: "thousand हज़ार हजार hazaar k", 100_000: "lakh lakhs लाख",
        1_000_000: "million", 10_000_000: "crore crores करोड़",
    }.items()
    for word in said.split()
}  # fmt: skip
_DIGITS: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")


def read(text: str) -> float | None:
    """Read a number of digits, words, or both: "1,200.50", "two hundred and five", "2 लाख"; None if it is none."""
    total = part = 0.0
    seen = False
    for word in text.lower().replace("-", " ").split():
        if _DIGITS.fullmatch(word):
            part += float(word.replace(",", ""))
        elif word in SMALL:
            part += SMALL[word]
        elif word in BIG:
            part = (part or 1) * BIG[word]
            if BIG[word] >= 1000:
                total, part = total + part, 0.0
        elif word == "and" and seen:
            continue
        else:
            return None
        seen = True
    return total + part if seen else None
