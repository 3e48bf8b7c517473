"""The labelled set: documents, and questions with the section that answers each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialer.knowledge.retrieving import Found

HERE: Final = Path(__file__).parent
AT: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and where its answer stands."""

    words: str
    document: str
    heading: str

    @property
    def language(self) -> str:
        """Its locale."""
        return "hi" if self.document == "beema.md" else "en-US"

    def rank(self, found: Sequence[Found]) -> int | None:
        """The place of the answer among what was found, from 1; None if it is not among the first five."""
        for place, passage in enumerate(found[:AT], 1):
            if passage.document == self.document and passage.title.endswith(self.heading):
                return place
        return None


@dataclass(frozen=True, slots=True)
class Score:
    """How well questions were answered."""

    recall: float
    """Of the questions, how many had their answer among the first five passages."""
    first: float
    """And as the first."""
    mean_reciprocal_rank: float


def documents() -> dict[str, bytes]:
    """The documents by name."""
    return {path.name: path.read_bytes() for path in sorted((HERE / "documents").glob("*.md"))}


def questions() -> list[Question]:
    """The questions."""
    return [Question(*row) for row in tomllib.loads((HERE / "questions.toml").read_text("utf-8"))["questions"]]


def score(find: Callable[[Question], Sequence[Found]]) -> Score:
    """Ask every question."""
    ranks = [question.rank(find(question)) for question in questions()]
    found = [rank for rank in ranks if rank is not None]
    return Score(
        recall=len(found) / len(ranks),
        first=sum(rank == 1 for rank in found) / len(ranks),
        mean_reciprocal_rank=sum(1 / rank for rank in found) / len(ranks),
    )
