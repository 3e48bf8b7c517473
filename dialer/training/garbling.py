"""Utterances as a telephone's recognizer writes them: without marks, after a hesitation, a word lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from zlib import crc32

from dialer.understanding import words
from dialer.understanding.corpus import Labelled

_HESITATIONS: Final = {
    "latin": ("um", "uh", "well", "yeah so", "okay", "oh", "look", "so"),
    "hindi in latin": ("achha", "arre", "haan toh", "dekho", "matlab"),
    "devanagari": ("अच्छा", "देखिए", "वो", "अरे"),
}
WORDS_TO_LOSE_ONE: Final = 4


def heard(utterances: Sequence[Labelled]) -> list[Labelled]:
    """Return the utterances, and each again as it may arrive. The same ones give the same."""
    return [way for one in utterances for way in (one, _garbled(one))]


def _garbled(one: Labelled) -> Labelled:
    dice = crc32(one.text.encode())
    said = [word for word in words.tokens(one.text) if word[0] not in "!?"]
    if len(said) >= WORDS_TO_LOSE_ONE:
        said.pop((dice >> 8) % len(said))
    hesitations = _HESITATIONS[_writing(one)]
    return replace(one, text=" ".join([hesitations[dice % len(hesitations)], *said]))


def _writing(one: Labelled) -> str:
    if not one.text.isascii() and any("\u0900" <= letter <= "\u097f" for letter in one.text):
        return "devanagari"
    return "hindi in latin" if one.language.startswith("hi") else "latin"
