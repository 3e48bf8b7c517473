"""What the outcomes come to: a confusion matrix, precision and recall, and how the messages were left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.answers.calling import Outcome
from tests.answers.scripts import LABELS


@dataclass(frozen=True, slots=True)
class Score:
    """One label's score."""

    label: str
    answers: int
    precision: float
    recall: float
    after_s: float | None
    """Median time to the verdict of those that were recognized as machines."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All of one part of the set."""

    matrix: dict[tuple[str, str], int]
    """(true label, decided label) → answers."""
    labels: tuple[Score, ...]
    right: int
    answers: int
    beeping: int
    """Voicemails that beep and were recognized."""
    recorded_once: int
    """Those on which exactly one whole message was recorded after the beep."""
    recorded_twice: int


def score(outcomes: Sequence[Outcome]) -> Scores:
    """Count."""
    matrix = Counter((outcome.answer.label, outcome.decided) for outcome in outcomes)
    labels = []
    for label in LABELS:
        true = sum(count for (is_label, _), count in matrix.items() if is_label == label)
        decided = sum(count for (_, as_label), count in matrix.items() if as_label == label)
        hits = matrix[label, label]
        times = [o.after_s for o in outcomes if o.answer.label == label and o.right and o.after_s]
        labels.append(Score(label, true, hits / (decided or 1), hits / (true or 1), median(times) if times else None))
    beeping = [o for o in outcomes if o.answer.label == "voicemail" and o.answer.beeps_s and o.right]
    return Scores(
        matrix=dict(matrix),
        labels=tuple(labels),
        right=sum(outcome.right for outcome in outcomes),
        answers=len(outcomes),
        beeping=len(beeping),
        recorded_once=sum(outcome.recorded == 1 for outcome in beeping),
        recorded_twice=sum(outcome.recorded > 1 for outcome in outcomes),
    )


def table(scores: Scores) -> str:
    """Write the matrix and the scores as Markdown."""
    head = ["true \\ decided", *LABELS, "precision", "recall", "median s to verdict"]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for at in scores.labels:
        counts = [str(scores.matrix.get((at.label, other), 0) or "·") for other in LABELS]
        after = f"{at.after_s:.1f}" if at.after_s is not None else ""
        rows.append([at.label, *counts, f"{at.precision:.3f}", f"{at.recall:.3f}", after])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
