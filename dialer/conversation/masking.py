"""Card numbers and numbers of the state are masked before words leave the loop: neither the model nor a row nor a log
has them.

A card number is 13 to 19 digits that a payment network issues and of which Luhn's sum is right; its security code may
never be kept. An Aadhaar is 12 digits with Verhoeff's check; a social security number is recognized by its hyphens, or
by the words before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dialer.conversation.checksums import luhn, verhoeff
from dialer.conversation.digits import Run, runs

MASK: Final = "[card number]"
CODE: Final = "[security code]"
AADHAAR: Final = "[Aadhaar number]"
SSN: Final = "[social security number]"
MOST_TURNS: Final = 8
"""A number that is dictated over more turns is none."""
MOST_OTHER_WORDS: Final = 4
"""Beside its digits, a turn that dictates a part of a number has no more words ("okay, and then 1111")."""

_ISSUED: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6(?:0|4[4-9]|5|2)\d{14,15}|6\d{15}|50\d{14}|8[12]\d{14}"
)
"""Numbers of Visa, Mastercard, American Express, Diners Club, JCB, Discover, UnionPay, Maestro and RuPay.

Source: ISO/IEC 7812-1, and the ranges that these networks publish.
"""
_LENGTHS: Final = range(13, 20)
_CODE_WORDS: Final = re.compile(
    r"\b(?:cvv|cvc|cvv2|csc)\b|\b(?:security|verification|card) code\b|\bcode (?:is |on |at )|\bcode on the back"
    r"|\bthree digits\b|सीवीवी|सी वी वी|सुरक्षा कोड",
    re.IGNORECASE,
)
_CARD_WORDS: Final = re.compile(
    r"\b(?:card|cc) (?:number|details)\b|\b(?:credit|debit) card\b|कार्ड (?:का )?नंबर", re.IGNORECASE
)
_AADHAAR_WORDS: Final = re.compile(r"\ba+dh?a+r\b|आधार", re.IGNORECASE)
_SSN_WORDS: Final = re.compile(r"\bsocial(?: security)?\b|\bssn\b", re.IGNORECASE)
_SSN: Final = re.compile(r"\b(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b")
_AADHAAR_DIGITS: Final = re.compile(r"[2-9]\d{11}")
_INDIAN_PHONE: Final = re.compile(r"91[6-9]\d{9}")
_OTHER_WORD: Final = re.compile(r"[^\W\d_]+")


def mask(words: str, asked: str = "") -> str:
    """Replace the numbers that may not be kept, in digits or spoken.

    Args:
        words: what the person said or pressed.
        asked: what the agent had said before. If it asked for a card, its digits are masked from the first group on,
            whatever they come to.
    """
    found = [(run, _kind(run, words, asked)) for run in runs(_SSN.sub(SSN, words))]
    text = _SSN.sub(SSN, words)
    for run, kind in reversed(found):
        if kind:
            text = text[: run.start] + kind + text[run.end :]
    return text


def over_turns(past: Sequence[str], last: str) -> list[str] | None:
    """Find a card number that ends in the last of some turns and began in one before.

    Args:
        past: what the person said before, in order, as it is stored.
        last: what they have said now, masked by itself.

    Returns:
        All of these turns, the parts of the number masked in each; None if there is no such number.
    """
    if _dictated(last) is None:
        return None
    turns = [*past[-MOST_TURNS + 1 :], last]
    skipped = len(past) + 1 - len(turns)
    parts = [_dictated(turn) for turn in turns]
    digits, begins = "", len(turns)
    for at in range(len(turns) - 1, -1, -1):
        part = parts[at]
        if part is None:
            if _OTHER_WORD.search(turns[at]) and at < begins - 1:
                break
            continue
        digits, begins = part + digits, at
        if begins < len(turns) - 1 and is_card(digits):
            masked = [_without(turn) if parts[n] and n >= begins else turn for n, turn in enumerate(turns)]
            return [*past[:skipped], *masked]
    return None


def is_card(digits: str) -> bool:
    """Whether these digits are a payment card's number, or begin with one: behind it its date and code may follow."""
    return any(
        len(digits) >= length and _ISSUED.fullmatch(digits[:length]) and luhn(digits[:length])
        for length in (len(digits), *(16, 15))
        if length in _LENGTHS
    )


def _kind(run: Run, words: str, asked: str) -> str:
    """What stands in the place of a run of digits; "" if it may stay."""
    before = words[: run.start]
    if is_card(run.digits):
        return MASK
    if len(run.digits) in (3, 4) and (_CODE_WORDS.search(before) or _CODE_WORDS.search(asked)):
        return CODE
    if len(run.digits) >= 4 and _CARD_WORDS.search(asked):
        return MASK
    if _AADHAAR_DIGITS.fullmatch(run.digits) and (
        _AADHAAR_WORDS.search(before + asked) or (verhoeff(run.digits) and not _INDIAN_PHONE.fullmatch(run.digits))
    ):
        return AADHAAR
    if len(run.digits) == 9 and _SSN_WORDS.search(before + asked):
        return SSN
    return ""


def _dictated(turn: str) -> str | None:
    """The digits of a turn that dictates some and says little else; None of any other turn."""
    found = list(runs(turn))
    digits = "".join(run.digits for run in found)
    others = turn
    for run in reversed(found):
        others = others[: run.start] + others[run.end :]
    return digits if len(digits) >= 2 and len(_OTHER_WORD.findall(others)) <= MOST_OTHER_WORDS else None


def _without(turn: str) -> str:
    found = list(runs(turn))
    return turn[: found[0].start] + MASK + turn[found[-1].end :]
