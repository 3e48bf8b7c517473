"""Fits a model to labelled utterances, and measures it on those that were held out.

Takes seconds, and scikit-learn takes 100 MB: for a worker only.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from dialer.training import garbling
from dialer.understanding import asked, corpus, cues, words
from dialer.understanding.corpus import Labelled, split
from dialer.understanding.labels import HEADS, SENTIMENTS, Emotion, Intent, Sentiment
from dialer.understanding.model import Head, Model, shipped
from dialer.understanding.voice import FEATURES

STRENGTH: Final = 10.0
"""Inverse of the regularization. What was written first, held against what was added later, is flat around it."""
VOICES_NEEDED: Final = 200
"""Heard utterances from which the voice's weights are learned; below, those of the literature stand."""
ITERATIONS: Final = 400
TOLERANCE: Final = 1e-3
SHARPNESSES: Final = tuple(0.3 * 1.1**step for step in range(24))
"""What is tried, from 0.3 to 2.7."""
CONFIDENCES: Final = (0.35, 0.5, 0.7, 0.9)
"""For each it is reported how many answers were that sure, and how many of them were right."""

LITERATURE: Final[Mapping[str, tuple[float, float, float, float]]] = {
    # louder, higher, livelier, faster than usual
    "neutral": (-0.1, -0.1, -0.2, 0.0),
    "happy": (0.3, 0.4, 0.5, 0.2),
    "angry": (0.6, 0.4, 0.3, 0.3),
    "sad": (-0.5, -0.3, -0.4, -0.5),
    "anxious": (0.0, 0.4, -0.1, 0.4),
    "confused": (-0.1, 0.0, 0.1, -0.3),
    "surprised": (0.2, 0.5, 0.6, 0.0),
}
"""Log odds per standard deviation. The directions are those that Juslin and Laukka found across 104 studies
("Communication of emotions in vocal expression and music performance", Psychological Bulletin 129, 2003); the sizes are
small on purpose: two deviations weigh about as much as one telling word."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How one question was answered on utterances that the model had not seen."""

    trained_on: int
    held_out: int
    accuracy: float
    balanced_accuracy: float
    """Mean over the answers: a model that always says the commonest one scores badly."""
    commonest: float
    """What always giving the commonest answer would score."""
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Rows are the truth, columns what the model said, in the order of `labels`."""
    by_language: Mapping[str, float]
    sure: Mapping[str, tuple[float, float]]
    """Probability → share of the utterances whose answer had at least that, and how many of them were right."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, and what is known of it."""

    model: Model
    report: dict[str, Any]
    """Question → `Measured` as JSON."""


def fit(utterances: Sequence[Labelled], name: str, own: Sequence[Labelled] = ()) -> Fitted:
    """Measure on the held-out part of each question, then train on everything.

    The same utterances give the same model, in whatever order they come.

    Args:
        utterances: what to learn from.
        name: of the model.
        own: those of the utterances that are an organization's own. What was held out of them is also judged by the
            model that ships, which has not seen them: that comparison says whether a promotion is worth it.
    """
    ordered = _in_order(utterances)
    report: dict[str, Any] = {}
    sharpness: dict[str, float] = {}
    for question in (*HEADS, "sentiment"):
        kept, held = split(ordered, question)
        asks = (question,) if question in HEADS else tuple(HEADS)
        model = train(kept, "measured", sharpness=sharpness, questions=asks)
        if question in HEADS:
            sharpness[question] = _sharpness(model, held, question)
            head = replace(model.heads[question], sharpness=sharpness[question])
            model = replace(model, heads={**model.heads, question: head})
        report[question] = _report(model, kept, held, question, own)
    return Fitted(train(ordered, name, sharpness=sharpness), report)


def _report(
    model: Model, kept: Sequence[Labelled], held: Sequence[Labelled], question: str, own: Sequence[Labelled]
) -> dict[str, Any]:
    report = asdict(score(model, held, question, trained_on=len(kept)))
    mine = [one for one in held if one in set(own)]
    if mine:
        report["own"] = {
            "held_out": len(mine),
            "accuracy": score(model, mine, question).accuracy,
            "shipped_accuracy": score(shipped(), mine, question).accuracy,
        }
    return report


def _sharpness(model: Model, held: Sequence[Labelled], question: str) -> float:
    """The sharpness with which what was held out is likeliest: probabilities that mean what they say."""
    if not held:
        return 1.0
    labels = HEADS[question]
    judged = [_judge(model, one)[question] for one in held]
    odds = np.log(np.maximum([[shares[label] for label in labels] for shares in judged], 1e-4))
    truth = [labels.index(str(one.label(question))) for one in held]

    def surprise(sharpness: float) -> float:
        powers = np.exp(odds * sharpness)
        return -float(np.log(powers[np.arange(len(truth)), truth] / powers.sum(axis=1)).sum())

    return min(SHARPNESSES, key=surprise)


def _judge(model: Model, one: Labelled) -> dict[str, dict[str, float]]:
    voice = None if one.voice is None else np.array(one.voice, dtype=np.float32)
    return model.judge(one.text, voice, cues.leaning(one.text), asked.turned(one.asked))


def _in_order(utterances: Sequence[Labelled]) -> list[Labelled]:
    return sorted(utterances, key=lambda one: (one.text, one.language, str(one.emotion), str(one.voice)))


def score(model: Model, held: Sequence[Labelled], question: str, *, trained_on: int = 0) -> Measured:
    """Score a model on utterances."""
    labels = HEADS.get(question, SENTIMENTS)
    confusion = np.zeros((len(labels), len(labels)), dtype=int)
    right: dict[str, list[bool]] = {}
    confident: list[tuple[float, bool]] = []
    for one in held:
        shares = _judge(model, one)[question]
        said, truth = max(shares, key=shares.__getitem__), one.label(question)
        confident.append((shares[said], said == truth))
        confusion[labels.index(str(truth)), labels.index(said)] += 1
        right.setdefault(one.language, []).append(said == truth)
    rows = confusion.sum(axis=1)
    known = rows > 0
    recalls = np.diag(confusion)[known] / rows[known]
    total = int(rows.sum())
    return Measured(
        trained_on=trained_on,
        held_out=total,
        accuracy=round(float(np.trace(confusion)) / total, 4) if total else 0.0,
        balanced_accuracy=round(float(recalls.mean()), 4) if total else 0.0,
        commonest=round(float(rows.max()) / total, 4) if total else 0.0,
        labels=labels,
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        by_language={language: round(float(np.mean(hits)), 4) for language, hits in sorted(right.items())},
        sure={str(least): _sure(confident, least) for least in CONFIDENCES},
    )


def _sure(confident: Sequence[tuple[float, bool]], least: float) -> tuple[float, float]:
    """Share of the answers that are at least so sure, and of them the share that is right."""
    hits = [right for share, right in confident if share >= least]
    return round(len(hits) / (len(confident) or 1), 4), round(sum(hits) / (len(hits) or 1), 4)


def train(
    utterances: Sequence[Labelled],
    name: str,
    *,
    sharpness: Mapping[str, float] | None = None,
    questions: Sequence[str] = tuple(HEADS),
) -> Model:
    """Train a model. The same utterances in the same order give the same one.

    Args:
        utterances: what to learn from.
        name: of the model.
        sharpness: of each question, if it is known; 1 otherwise.
        questions: which of `HEADS` are learned; the others' answers are all alike.
    """
    sharp = sharpness or {}
    learned = garbling.heard(utterances)
    return Model(
        name,
        {
            question: replace(
                _head(learned if question in questions else (), question), sharpness=sharp.get(question, 1.0)
            )
            for question in HEADS
        },
        {question: _meaning(utterances, question) for question in HEADS},
    )


def _meaning(utterances: Sequence[Labelled], question: str) -> npt.NDArray[np.float32]:
    """How often each answer came with which sentiment; one of each is added, so that nothing is impossible."""
    counts = np.ones((len(HEADS[question]), len(SENTIMENTS)), dtype=np.float32)
    for one in utterances:
        if one.sentiment is not None and (answer := one.label(question)) is not None:
            counts[HEADS[question].index(answer), SENTIMENTS.index(one.sentiment)] += 1
    result: npt.NDArray[np.float32] = counts / counts.sum(axis=1, keepdims=True)
    return result


def _head(utterances: Sequence[Labelled], question: str) -> Head:
    """Train one question's classifier. An answer that nobody gave is never the model's."""
    labels = HEADS[question]
    answered = [one for one in utterances if one.label(question) is not None and not _means_another(one, question)]
    truth = [str(one.label(question)) for one in answered]
    heard = sum(one.voice is not None for one in answered)
    learns_voice = question == "emotion" and heard >= VOICES_NEEDED
    matrix = _matrix(answered) if answered else csr_matrix((0, words.BUCKETS))
    if learns_voice:
        matrix = hstack([matrix, csr_matrix(_voices(answered))]).tocsr()
    found = sorted(set(truth))
    weights = np.zeros((matrix.shape[1], len(labels)), dtype=np.float32)
    bias = np.full(len(labels), -12.0, dtype=np.float32)
    if len(found) > 1:
        used = np.unique(matrix.indices)
        classifier = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS, tol=TOLERANCE, class_weight="balanced")
        classifier.fit(matrix[:, used], truth)
        coefficients, intercepts = classifier.coef_, classifier.intercept_
        if len(found) == 2:  # scikit-learn keeps one row for the second of two
            coefficients = np.vstack([-coefficients, coefficients]) / 2
            intercepts = np.concatenate([-intercepts, intercepts]) / 2
        for row, label in enumerate(classifier.classes_):
            weights[used, labels.index(label)] = coefficients[row]
            bias[labels.index(label)] = intercepts[row]
    elif found:
        bias[labels.index(found[0])] = 0.0
    if learns_voice:
        voice = weights[words.BUCKETS :]
    else:
        voice = np.zeros((len(FEATURES), len(labels)), dtype=np.float32)
        if question == "emotion":
            voice = np.array([LITERATURE[label] for label in labels], dtype=np.float32).T
    return Head(labels, np.ascontiguousarray(weights[: words.BUCKETS]), np.ascontiguousarray(voice), bias)


def _means_another(one: Labelled, question: str) -> bool:
    """Whether a yes or no got its label from what was asked: as a wording it would teach what it does not say."""
    return (
        question == "intent"
        and one.intent in asked.turned(one.asked).values()
        and bool({Intent.AFFIRM, Intent.DENY} & cues.leaning(one.text).get("intent", {}).keys())
    )


def _matrix(utterances: Sequence[Labelled]) -> csr_matrix:
    """One row of words for each utterance, of length 1."""
    found = [words.vector(one.text) for one in utterances]
    ends = np.cumsum([0, *(len(columns) for columns, _ in found)])
    columns = np.concatenate([columns for columns, _ in found])
    values = np.concatenate([values for _, values in found])
    return csr_matrix((values, columns, ends), shape=(len(found), words.BUCKETS))


def _voices(utterances: Sequence[Labelled]) -> npt.NDArray[np.float32]:
    """One row of deviations for each utterance; zeros of one that nobody heard."""
    return np.array([one.voice or (0.0,) * len(FEATURES) for one in utterances], dtype=np.float32)


def main() -> None:
    """Read a task from stdin, write model and report to stdout: what `dialer.training.training` asks for."""
    asked = json.load(sys.stdin)
    own = [_labelled(one) for one in asked["utterances"]]
    fitted = fit([*own, *(corpus.shipped() if asked["with_shipped"] else ())], "trained", own)
    weights = base64.b64encode(fitted.model.dump()).decode()
    json.dump({"weights": weights, "report": fitted.report}, sys.stdout)


def _labelled(one: dict[str, Any]) -> Labelled:
    return Labelled(
        one["text"],
        one["language"],
        Emotion(one["emotion"]) if one["emotion"] else None,
        Intent(one["intent"]) if one["intent"] else None,
        Sentiment(one["sentiment"]) if one["sentiment"] else None,
        tuple(one["voice"]) if one["voice"] else None,
        one["asked"],
    )


if __name__ == "__main__":
    main()
