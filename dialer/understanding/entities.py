"""What an utterance names: times, amounts, names, e-mail addresses and phone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import phonenumbers

from dialer.understanding import amounts, times


class Kind(StrEnum):
    """What was named."""

    TIME = "time"
    """`value` is ISO 8601 with the person's own offset; a date alone if no hour was named."""
    AMOUNT = "amount"
    """`value` is a decimal number and, if one was named, a currency of ISO 4217."""
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    """`value` is E.164."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something named. `text` is how it was said; a time said in Hindi stands there in English."""

    kind: Kind
    text: str
    value: str


_SPOKEN_AT: Final = r"\s+(?:at|एट|ऐट)(?:\s+the\s+rate)?\s+"
_SPOKEN_DOT: Final = r"\s+(?:dot|डॉट)\s+"
_EMAIL: Final = re.compile(
    rf"\b[a-z0-9](?:[\w.+-]|{_SPOKEN_DOT})*(?:@|{_SPOKEN_AT})[a-z0-9][\w-]*(?:(?:\.|{_SPOKEN_DOT})[a-z][\w-]*)+",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"(?i:\bmy name(?:'s| is)|\bthis is|\bi am called|\bcall me|\bspeaking with|\bi'm|\bi am)\s+"
    r"((?!A\b|The\b|Mr\b|Mrs\b|Ms\b|Dr\b)[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){0,2})"
    r"|\b([A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?)\s+(?:speaking|here)\b",
)
_HINDI_NAME: Final = re.compile(
    r"(?:मेरा|हमारा) नाम ([\u0900-\u097f]+(?: [\u0900-\u097f]+)?) (?:है|हैं)|मैं ([\u0900-\u097f]+) बोल रह|"
    r"\bmera naam (\w+(?: \w+)?) hai",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    {"yes", "no", "okay", "i", "he", "she", "hello", "hi", "not", "sorry", "who", "what", "it"}
)


def find(text: str, *, local_now: datetime, region: str) -> tuple[Entity, ...]:
    """Return what a text names, in the order of `Kind`.

    Args:
        text: words as a recognizer writes them, in English or Hindi.
        local_now: the person's own time, aware: "tomorrow" counts from it.
        region: ISO country in which a phone number without a country code is read.
    """
    return tuple(
        dict.fromkeys(
            [*_times(text, local_now), *_amounts(text), *_names(text), *_emails(text), *_phones(text, region)]
        )
    )


def _times(text: str, local_now: datetime) -> Iterator[Entity]:
    for said, value in times.find(text, local_now):
        yield Entity(Kind.TIME, said, value)


def _amounts(text: str) -> Iterator[Entity]:
    for said, value in amounts.find(text):
        yield Entity(Kind.AMOUNT, said, value)


def _names(text: str) -> Iterator[Entity]:
    for pattern in (_NAME, _HINDI_NAME):
        for match in pattern.finditer(text):
            name = next(group for group in match.groups() if group)
            if name.split()[0].lower() not in _NO_NAMES:
                yield Entity(Kind.NAME, match.group(), name)


def _emails(text: str) -> Iterator[Entity]:
    for match in _EMAIL.finditer(text):
        said = match.group()
        address = re.sub(_SPOKEN_AT, "@", re.sub(_SPOKEN_DOT, ".", said, flags=re.IGNORECASE), flags=re.IGNORECASE)
        yield Entity(Kind.EMAIL, said, address.lower())


def _phones(text: str, region: str) -> Iterator[Entity]:
    if sum(character.isdigit() for character in text) < 7:
        return  # the matcher is slow, and most utterances name no number
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        e164 = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Entity(Kind.PHONE, match.raw_string, e164)
