"""A trained model: linear classifiers over the same columns. Loading one reads numbers and executes nothing.

What a person feels and what they want is judged from words and voice. Whether that is good news follows from these two,
through tables: judged from words by itself it comes out worse, for the same few utterances would have to teach it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from dialer.errors import BadInput
from dialer.understanding import words
from dialer.understanding.asked import Turned
from dialer.understanding.labels import HEADS, SENTIMENTS
from dialer.understanding.voice import FEATURES

FORMAT: Final = 2
MOST_BYTES: Final = 4_000_000
"""A model is a quarter of this; what is larger is none."""
SHIPPED: Final = "default.npz"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """One question's classifier."""

    labels: tuple[str, ...]
    words: Floats
    """(words.BUCKETS, labels)"""
    voice: Floats
    """(voice.FEATURES, labels): what a standard deviation from the person's usual voice weighs."""
    bias: Floats
    """(labels,)"""
    sharpness: float = 1.0
    """What all sums are multiplied with, so that of the answers with a probability of 0.7 seven in ten are right."""


@dataclass(frozen=True, slots=True)
class Model:
    """Answers each question of `labels.HEADS`, and what the answers mean, with a probability for each label."""

    name: str
    """How turns name the model that judged them: "default", or an organization's version number."""
    heads: Mapping[str, Head]
    meaning: Mapping[str, Floats]
    """Question → (its labels, sentiments): how often an answer came with which sentiment; each row sums to 1."""

    def judge(
        self,
        text: str,
        voice: Floats | None = None,
        leaning: Mapping[str, Mapping[str, float]] | None = None,
        turned: Turned | None = None,
    ) -> dict[str, dict[str, float]]:
        """Judge an utterance.

        Args:
            text: its words, in any language of the corpus; may be empty.
            voice: deviations in the order of `voice.FEATURES`; None if nobody heard it.
            leaning: question → label → what rules add, in log odds.
            turned: what yes and no mean as an answer to what was asked, as `asked.turned` tells.

        Returns:
            Question → label → probability; each question's sum to 1.
        """
        said = words.vector(text)
        shares = {
            question: _shares(head, said, voice, (leaning or {}).get(question, {}))
            for question, head in self.heads.items()
        }
        _turn(shares["intent"], self.heads["intent"].labels, turned or {})
        feeling = np.ones(len(SENTIMENTS), dtype=np.float32)
        for question, table in self.meaning.items():
            feeling = feeling * (shares[question] @ table)
        answers = {question: _named(head.labels, shares[question]) for question, head in self.heads.items()}
        return answers | {"sentiment": _named(SENTIMENTS, feeling / feeling.sum())}

    def dump(self) -> bytes:
        """Return the model as an npz of numbers."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        for question, head in self.heads.items():
            arrays[f"{question}.words"] = head.words.astype(np.float16)
            arrays[f"{question}.voice"] = head.voice.astype(np.float32)
            arrays[f"{question}.bias"] = head.bias.astype(np.float32)
            arrays[f"{question}.sharpness"] = np.array([head.sharpness], dtype=np.float32)
            arrays[f"{question}.meaning"] = self.meaning[question].astype(np.float32)
        about = {
            "format": FORMAT,
            "buckets": words.BUCKETS,
            "voice": list(FEATURES),
            "labels": {question: list(head.labels) for question, head in self.heads.items()},
        }
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **arrays)
        return file.getvalue()


def load(content: bytes, name: str) -> Model:
    """Read a model that `Model.dump` wrote.

    Raises:
        BadInput: it is none, or of another version of these features.
    """
    if len(content) > MOST_BYTES:
        raise BadInput(f"Model {name}: {len(content)} bytes are too many.")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            _check(about, name)
            heads, meaning = {}, {}
            for question, labels in HEADS.items():
                parts = {part: _array(arrays, f"{question}.{part}", shape) for part, shape in _shapes(labels).items()}
                meaning[question] = parts.pop("meaning")
                sharpness = float(parts.pop("sharpness")[0])
                heads[question] = Head(labels, **parts, sharpness=sharpness)
    except (BadZipFile, EOFError, OSError, KeyError, ValueError, TypeError) as error:
        raise BadInput(f"Model {name} cannot be read: {error}") from error
    return Model(name, heads, meaning)


@cache
def shipped() -> Model:
    """Return the model that every organization starts with."""
    return load(resources.files(__package__).joinpath(SHIPPED).read_bytes(), "default")


def _check(about: Mapping[str, Any], name: str) -> None:
    expected = (FORMAT, words.BUCKETS, list(FEATURES), {question: list(labels) for question, labels in HEADS.items()})
    if (about["format"], about["buckets"], about["voice"], about["labels"]) != expected:
        raise BadInput(f"Model {name} was trained for other features or labels: train it again.")


def _shapes(labels: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    return {
        "words": (words.BUCKETS, len(labels)),
        "voice": (len(FEATURES), len(labels)),
        "bias": (len(labels),),
        "sharpness": (1,),
        "meaning": (len(labels), len(SENTIMENTS)),
    }


def _array(arrays: Mapping[str, npt.NDArray[Any]], name: str, shape: tuple[int, ...]) -> Floats:
    array: Floats = np.ascontiguousarray(arrays[name], dtype=np.float32)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{name} is not {shape} finite numbers")
    return array


def _shares(
    head: Head,
    said: tuple[npt.NDArray[np.int64], Floats],
    voice: Floats | None,
    leaning: Mapping[str, float],
) -> Floats:
    """The softmax of one question's sums."""
    columns, values = said
    sums = values @ head.words[columns] + head.bias
    if voice is not None:
        sums = sums + voice @ head.voice
    for label, odds in leaning.items():
        sums[head.labels.index(label)] += odds
    sums = sums * head.sharpness
    powers = np.exp(sums - sums.max())
    shares: Floats = powers / powers.sum()
    return shares


def _turn(shares: Floats, labels: tuple[str, ...], turned: Turned) -> None:
    """Give the share of a yes or a no to what it means here."""
    for said, meant in turned.items():
        shares[labels.index(meant)] += shares[labels.index(said)]
        shares[labels.index(said)] = 0.0


def _named(labels: tuple[str, ...], shares: Floats) -> dict[str, float]:
    return {label: round(float(share), 4) for label, share in zip(labels, shares, strict=True)}
