"""English."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from typing import Final

from babel.dates import format_date

from dialer.languages.base import Language
from dialer.languages.english_opt_out import OPT_OUT
from dialer.languages.writing import Reading

_CURRENCIES: Final = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "₹": ("rupee", "paisa")}
_PLURALS: Final = {"penny": "pence", "paisa": "paise"}


_UNITS_TEXT: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_UNITS: Final = tuple(_UNITS_TEXT.split())
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _number(value: Decimal) -> str:
    whole, _, part = f"{value:f}".partition(".")
    return f"{_cardinal(int(whole))} point {_digits(part)}" if part else _cardinal(int(whole))


def _cardinal(value: int) -> str:
    for scale, name in _SCALES:
        if value >= scale:
            rest = value % scale
            return f"{_cardinal(value // scale)} {name}{f' {_cardinal(rest)}' if rest else ''}"
    if value < len(_UNITS):
        return _UNITS[value]
    return f"{_TENS[value // 10]}-{_UNITS[value % 10]}" if value % 10 else _TENS[value // 10]


def _ordinal(value: int) -> str:
    head, last = re.fullmatch(r"(.*?)(\w+)", _cardinal(value)).groups()  # type: ignore[union-attr]
    return f"{head}{_ORDINALS.get(last) or (f'{last[:-1]}ieth' if last.endswith('y') else f'{last}th')}"


def _digits(written: str) -> str:
    return " ".join(_UNITS[int(digit)] for digit in written)


def _money(sign: str, amount: Decimal) -> str:
    whole, part = int(amount), round(amount % 1 * 100)
    unit, cent = _CURRENCIES[sign]
    said = [_count(whole, unit)] if whole or not part else []
    return " and ".join([*said, *([_count(part, cent)] if part else [])])


def _count(number: int, unit: str) -> str:
    return f"{_cardinal(number)} {unit if number == 1 else _PLURALS.get(unit, unit + 's')}"


def _percent(value: Decimal) -> str:
    return f"{_number(value)} percent"


def _time(at: time) -> str:
    half = "a m" if at.hour < 12 else "p m"
    hour = _cardinal(at.hour % 12 or 12)
    if not at.minute:
        return f"{hour} {half}"
    return f"{hour} {'oh ' if at.minute < 10 else ''}{_cardinal(at.minute)} {half}"


def _date(day: date) -> str:
    return f"{format_date(day, 'MMMM', locale='en')} {_ordinal(day.day)}"


ENGLISH: Final = Language(
    code="en",
    name="English",
    manner="",
    lines={
        "screening": "This is {agent}, an AI assistant calling from {seller} for {first_name}.",
        "inbound_opener": (
            "Thank you for calling back. This is {agent}, an AI assistant of {seller}; we called you a while ago."
            " If you do not want to be called again, press 9 or just say so. What can I do for you?"
        ),
        "inbound_closed": (
            "This is {seller}. We called you a while ago, and nobody is free right now."
            " If you do not want to be called again, press 9. Otherwise just hang up, and we will call you back."
        ),
        "drop": "Sorry, {seller} called and had nobody free. You can call us at {callback_number}. Goodbye.",
        "goodbye": "Thank you for your time. Goodbye.",
        "opt_out_confirmation": "Understood. You will not be called again. Goodbye.",
        "still_there": "Are you still there?",
        "filler": "One moment, please.",
        "trouble": "I'm sorry, we have technical trouble on our side. Goodbye.",
        "apology": "Sorry, I lost you for a moment.",
        "colleague_away": "I'm sorry, none of my colleagues is free right now. Shall somebody call you back?",
    },
    neutral={
        "first_name": "there",
        "company": "your company",
        "callback_number": "the number we called from",
    },
    back_channels=(
        r"u+h+|m+h*m+|hm+|a+h+|o+h+|huh|mhm|uh[- ]huh|mm[- ]hmm|ok|okay|yeah|yep|yes|yup|right|sure|i see|got it"
        r"|good|great|cool"
    ),
    greetings=frozenset(
        {"hello", "hi", "hey", "yes", "yeah", "hello hello", "good morning", "good afternoon", "speaking"}
    ),
    promises_more=r"and|but|or|so|because|cause|if|when|that|the|a|an|to|of|for|with|my|your|is|um+|uh+|er+|like|well",
    opt_out=OPT_OUT,
    says_ai=r"a ?i|artificial\S*|automated|robot|bot|(?:virtual|digital|computer) (?:assistant|agent|voice)",
    offers_opt_out=(
        r"no more calls|(?:stop|end) (?:these|the|our|all|further) calls|stop calling|(?:say|reply|text) stop|opt out"
        r"|press (?:nine|9)|(?:be|are) called again|off (?:our|the) list|do not call(?: list)?"
    ),
    asked_for=(
        r"(?:in|speak|talk|switch to|change to|prefer|only) english|english (?:please|only|mein|me|men|में|मे)"
        r"|(?:अंग्रेजी|इंग्लिश|इंगलिश) (?:में|मे|प्लीज)"
    ),
    own_letters="",
    tell_tales=frozenset(),
    read_aloud=Reading(_number, _ordinal, _digits, _money, _percent, _time, _date).aloud,
)
