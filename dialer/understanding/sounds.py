"""A word as its consonants: what stays when a recognizer spells it otherwise, or in the other script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_DEVANAGARI: Final = dict(
    zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह", "kkggnccjjnttddnttddnppbbmyrlvssṣh".replace("ṣ", "s"), strict=True)
)
"""Breathed and unbreathed, dental and retroflex consonants count as one: Latin spelling does not tell them apart."""
_BREATH: Final = re.compile(r"(?<=[bcdgjkpst])h")
_VOWELS: Final = re.compile(r"[aeiou']+")
_TWICE: Final = re.compile(r"(.)\1+")
_ALIKE: Final = (("ck", "k"), ("f", "p"), ("w", "v"), ("z", "j"), ("q", "k"), ("x", "ks"))


@lru_cache(maxsize=4096)
def consonants(word: str) -> str:
    """Return a lower-case word's consonants: "nahi", "nahin" and "nahee" are alike, and so are "chahiye" and "चाहिए".

    A word without any is returned as it is.
    """
    plain = unicodedata.normalize("NFD", word)
    if any(letter in _DEVANAGARI for letter in plain):
        return _TWICE.sub(r"\1", "".join(_DEVANAGARI.get(letter, "") for letter in plain))
    for spelled, sound in _ALIKE:
        plain = plain.replace(spelled, sound)
    return _TWICE.sub(r"\1", _VOWELS.sub("", _BREATH.sub("", plain))) or word
