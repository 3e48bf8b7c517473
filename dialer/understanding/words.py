"""Words as numbers: hashed n-grams of any script. Training and live inference use the same function."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from dialer.understanding.sounds import consonants

BUCKETS: Final = 16384
"""Hashed n-grams share so many columns."""
MOST_WORDS: Final = 60
"""Of a monologue the first and the last half of these count: feelings show at both ends."""
_LETTERS: Final = (3, 4)
_LETTERS_WEIGH: Final = 0.5
_SOUNDS_WEIGH: Final = 0.7
_SYMBOLS: Final = re.compile(r"[\w\u0900-\u097f']+|[!?]+")
"""Words with their vowel signs, which `\\w` leaves out of Devanagari, and the marks that a recognizer sets by tone."""
_VOWELS: Final = re.compile(r"[aeiouyäöüéèáíóúâêô]+", re.IGNORECASE)
_DEVANAGARI_SYLLABLE: Final = re.compile(r"[\u0904-\u0914\u0915-\u0939\u0958-\u0961](?!\u094d)")
"""An independent vowel, or a consonant that no virama silences."""


def tokens(text: str) -> list[str]:
    """Return the words of a text in lower case, in canonical composition, and its runs of ! and ?."""
    found = _SYMBOLS.findall(unicodedata.normalize("NFC", text).lower())
    if len(found) > MOST_WORDS:
        found = found[: MOST_WORDS // 2] + found[-MOST_WORDS // 2 :]
    return found


def vector(text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return a text as a sparse vector of its words, pairs of words, both of their consonants, and 3 and 4 letters.

    Letters, within a word, weigh half: there are many of them, and they are for what a dialect spells otherwise.
    Consonants are what Hindi in one script has in common with Hindi in the other.

    Returns:
        Columns, each once, each in [0, BUCKETS); and their values, of which the sum of squares is 1. Empty if there is
        no word.
    """
    words = tokens(text)
    if not words:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    found: dict[int, float] = {}
    for word in set(words):
        edged = f"<{word}>"
        for size in _LETTERS:
            for at in range(len(edged) - size + 1):
                found[_column(edged[at : at + size])] = _LETTERS_WEIGH
    sounds = [consonants(word) for word in words if word[0] not in "!?"]
    found |= _sequence("s", sounds, _SOUNDS_WEIGH)
    found |= _sequence("w", words, 1.0)
    values = np.fromiter(found.values(), dtype=np.float32, count=len(found))
    return np.fromiter(found, dtype=np.int64, count=len(found)), values / np.sqrt(values @ values)


def _sequence(kind: str, found: list[str], weight: float) -> dict[int, float]:
    """The columns of each of some words, and of each pair of neighbours, the ends of the text among them."""
    pairs = zip(["^", *found], [*found, "$"], strict=True)
    grams = [*(f"{kind} {word}" for word in found), *(f"{kind}p {one} {next_one}" for one, next_one in pairs)]
    return dict.fromkeys(map(_column, grams), weight)


def _column(gram: str) -> int:
    return crc32(gram.encode()) % BUCKETS


def syllables(text: str) -> int:
    """Estimate how many syllables a text has: groups of vowels, and Devanagari's own syllables.

    Final silent vowels count too; the error is the same for slow and for fast speech.
    """
    return len(_VOWELS.findall(text)) + len(_DEVANAGARI_SYLLABLE.findall(text))
