"""Which of some languages words are in, by their letters and by words that give it away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dialer.languages.base import Language, plain

OWN_LETTERS: Final = 0.5
"""Share of letters that only one language has, from which the words are in it."""
TELL_TALES: Final = 0.25
"""Share of words that only one language has, from which the words are in it."""


def asked_for(words: str, among: Sequence[Language]) -> Language | None:
    """The language that somebody asks to speak in so many words, if it is one of these."""
    said = plain(words)
    return next((language for language in among if re.search(rf"(?<!\S)(?:{language.asked_for})(?!\S)", said)), None)


def spoken(words: str, among: Sequence[Language]) -> Language | None:
    """The language that words are in; None if these do not tell. The first one has none of the others' marks."""
    said = plain(words).split()
    letters = "".join(said)
    if not letters:
        return None
    for language in among:
        if language.own_letters:
            own = len(re.findall(f"[{language.own_letters}]", letters))
            tales = sum(word in language.tell_tales for word in said)
            if own >= OWN_LETTERS * len(letters) or tales >= TELL_TALES * len(said):
                return language
    return next((language for language in among if not language.own_letters), None)
