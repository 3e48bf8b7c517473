"""Labelled utterances, and the ones that ship: English and Hindi, written for this project.

`corpus.csv` is learned. `held_out.csv` never is: it was written before any model saw the corpus, and only scores.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final
from zlib import crc32

from dialer.understanding.labels import Emotion, Intent, Sentiment

HELD_OUT: Final = 4
"""One of so many utterances is held out."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An utterance and what it is; None where nobody said."""

    text: str
    language: str
    emotion: Emotion | None = None
    intent: Intent | None = None
    sentiment: Sentiment | None = None
    voice: tuple[float, ...] | None = None
    """Deviations in the order of `voice.FEATURES`, if it was heard."""
    asked: str = ""
    """What the agent had said before, if anybody knows."""

    def label(self, question: str) -> str | None:
        """The answer to a question of `labels.HEADS`."""
        found: str | None = getattr(self, question)
        return found


def shipped() -> list[Labelled]:
    """Return the corpus of this package, which models learn."""
    return _read("corpus.csv")


def held_out() -> list[Labelled]:
    """Return the utterances that no model learns: what a model makes of them is how good it is."""
    return _read("held_out.csv")


def _read(name: str) -> list[Labelled]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [
        Labelled(
            row["text"],
            row["language"],
            Emotion(row["emotion"]),
            Intent(row["intent"]),
            Sentiment(row["sentiment"]),
            asked=row.get("asked", ""),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


def split(utterances: Iterable[Labelled], question: str) -> tuple[list[Labelled], list[Labelled]]:
    """Part what has an answer to the question into training and held-out utterances, the same way every time.

    Each answer gives every fourth of its utterances, in the order of a hash of their text, so that the split depends
    on neither the order nor the number of the others. One text is on one side only.
    """
    kept: list[Labelled] = []
    held: list[Labelled] = []
    answered = [one for one in utterances if one.label(question) is not None]
    for answer in sorted({str(one.label(question)) for one in answered}):
        ranked = _ranked([one for one in answered if one.label(question) == answer])
        texts = {one.text: None for one in ranked}
        out = {text for at, text in enumerate(texts) if at % HELD_OUT == HELD_OUT - 1}
        for one in ranked:
            (held if one.text in out else kept).append(one)
    return kept, held


def _ranked(utterances: Sequence[Labelled]) -> list[Labelled]:
    return sorted(utterances, key=lambda one: (crc32(one.text.encode()), one.text))
