"""Answers as written: what is said, and the tones and pauses between. One line of text is one answer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LABELS: Final = ("human", "voicemail", "screening", "ivr", "fax", "silence")
PARTS: Final = ("tuning", "held_out")
LANGUAGES: Final = ("en", "hi")
_MARK: Final = re.compile(r"\[([a-z]+)((?: [\d.]+)*)\]")


@dataclass(frozen=True, slots=True)
class Words:
    """Somebody says this."""

    text: str


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that is no speech: its name and its numbers, as written."""

    name: str
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """One answer as written, with its true label."""

    label: str
    line: str
    language: str
    """The tongue of whoever answers, by ISO 639-1; Hindi may be written in Latin letters."""

    def parts(self) -> Iterator[Words | Sound]:
        """What is heard, in order."""
        at = 0
        for mark in _MARK.finditer(self.line):
            if text := self.line[at : mark.start()].strip():
                yield Words(text)
            yield Sound(mark.group(1), tuple(map(float, mark.group(2).split())))
            at = mark.end()
        if text := self.line[at:].strip():
            yield Words(text)


def read(part: str) -> list[Script]:
    """Read the scripts of one part of the set, language by language and label by label."""
    text = (Path(__file__).parent / f"{part}.toml").read_text(encoding="utf-8")
    lines = tomllib.loads(text)
    return [
        Script(label, line, language) for language in LANGUAGES for label in LABELS for line in lines[language][label]
    ]
