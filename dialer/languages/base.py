"""What a conversation must know of a language. Each is data in a module of its own; no code asks which one it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_NUKTA: Final = "\u093c"
_SAME: Final = str.maketrans({"\u0901": "\u0902", "\u2019": "'", "\u200c": None, "\u200d": None, _NUKTA: None})
"""Spellings between which recognizers and people do not tell: chandrabindu and anusvara, letters with a dot or not."""
_NO_WORD: Final = re.compile(r"[^\w\u0900-\u0963\u0966-\u097f' -]+")


def plain(words: str) -> str:
    """Words as the patterns of a language want them: lower case, one spelling, single spaces, no punctuation.

    Patterns part words by spaces, for a regular expression's word boundary does not know the vowel signs of Devanagari.
    """
    text = unicodedata.normalize("NFD", words.lower()).translate(_SAME)
    return " ".join(_NO_WORD.sub(" ", unicodedata.normalize("NFC", text)).split())


@dataclass(frozen=True, slots=True)
class OptOutWords:
    """How people ask for no more calls. Patterns of plain words (see `plain`), found anywhere between spaces."""

    asks: str
    """Means it unless a time is named with it ("don't call me before five")."""
    asks_for_good: str
    """Means it whatever else is said."""
    another_time: str
    """Names a time or another number."""
    for_good: str
    """Words that leave no doubt although a time is named ("again", "ever")."""
    denies: str
    """Says that just this is not meant ("don't remove my number")."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language."""

    code: str
    """ISO 639-1."""
    name: str
    """As the model is told."""
    manner: str
    """How to speak it on the phone; for the model."""
    lines: Mapping[str, str]
    """The fixed lines that an agent says if its definition has no others, by field of `AgentDefinition`."""
    neutral: Mapping[str, str]
    """What a line says when the lead has no first_name or company, or the agent no callback_number."""
    back_channels: str
    """Plain words that only say "I am listening", as alternatives of a pattern."""
    greetings: frozenset[str]
    """Plain words that answer a phone and ask nothing."""
    promises_more: str
    """Words after which nobody has finished, as alternatives of a pattern."""
    opt_out: OptOutWords
    says_ai: str
    """How an agent says that it is no human; a pattern of plain words."""
    offers_opt_out: str
    """How it tells people to have no more calls; a pattern of plain words."""
    asked_for: str
    """How people ask to speak this language; a pattern of plain words."""
    own_letters: str
    """A character class of letters that no other of our languages has; "" if there are none."""
    tell_tales: frozenset[str]
    """Plain words, in Latin letters, that nobody says who speaks another of our languages."""
    read_aloud: Callable[[str], str]
    """Writes numbers, dates, times and amounts of money as they are spoken."""
