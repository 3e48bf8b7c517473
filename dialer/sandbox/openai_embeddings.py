"""Embeddings as the sandbox makes them: words, pairs of words and pieces of words, hashed into a vector.

Texts that share words or their stems are near, so that searching by them is meaningful; synonyms are not known. The
same text always has the same vector.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_MOST_INPUTS = 2048
_MOST_CHARACTERS = 8192 * 4
_TOKEN_CHARACTERS = 4
_WORD = re.compile(r"\w+")
_STEM_CHARACTERS = 5
_COMMON_TEXT = (
    "a about all also am an and any are as at be because been but by can could did do does for from get had has have "
    "he her him his how i if in into is it its just like me more most my no not of on one only or other our out she so "
    "some than that the their them then there these they this to up us was we were what when where which who why will "
    "with would you your"
)
_COMMON = frozenset(_COMMON_TEXT.split())
_WEIGHTS = {"word": 1.0, "stem": 1.6, "pair": 0.5, "piece": 0.25}
_COMMON_WEIGHT = 0.08


class Embedding(BaseModel):
    """The body of an embeddings request."""

    model: str
    input: str | list[str]
    dimensions: int | None = Field(default=None, ge=1, le=3072)
    encoding_format: Literal["float", "base64"] = "float"


def answer(body: bytes) -> dict[str, Any]:
    """Answer a request.

    Raises:
        ValueError: the vendor would not take it; the words are the vendor's.
    """
    try:
        wanted = Embedding.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{first['msg']}: {'.'.join(map(str, first['loc']))}") from error
    texts = [wanted.input] if isinstance(wanted.input, str) else wanted.input
    if wanted.model not in _DIMENSIONS:
        raise ValueError(f"The model `{wanted.model}` does not exist or you do not have access to it.")
    if not 0 < len(texts) <= _MOST_INPUTS or not all(texts):
        raise ValueError(f"'$.input' is invalid: between 1 and {_MOST_INPUTS} inputs, none of them empty.")
    if any(len(text) > _MOST_CHARACTERS for text in texts):
        raise ValueError("This model's maximum context length is 8192 tokens.")
    size = wanted.dimensions or _DIMENSIONS[wanted.model]
    data = [
        {"object": "embedding", "index": at, "embedding": _encoded(vector(text, size), wanted.encoding_format)}
        for at, text in enumerate(texts)
    ]
    tokens = sum(len(text) for text in texts) // _TOKEN_CHARACTERS + 1
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": wanted.model, "usage": usage}


def vector(text: str, size: int) -> NDArray[np.float32]:
    """Return the vector of a text, of length 1."""
    features: defaultdict[str, float] = defaultdict(float)
    for feature, weight in _features(text.lower()):
        features[feature] += weight
    found = np.zeros(size, dtype=np.float32)
    for feature, weight in features.items():
        at, sign = _bucket(feature)
        found[at % size] += sign * np.sqrt(weight)
    length = float(np.linalg.norm(found))
    return found / length if length else np.eye(1, size, dtype=np.float32)[0]


def _features(text: str) -> Iterator[tuple[str, float]]:
    words = _WORD.findall(text)
    for word in words:
        if word in _COMMON:
            yield f"w:{word}", _COMMON_WEIGHT
            continue
        yield f"w:{word}", _WEIGHTS["word"]
        yield f"s:{word[:_STEM_CHARACTERS]}", _WEIGHTS["stem"]
        padded = f"^{word}$"
        for at in range(len(padded) - 2):
            yield f"p:{padded[at : at + 3]}", _WEIGHTS["piece"]
    telling = [word[:_STEM_CHARACTERS] for word in words if word not in _COMMON]
    for first, second in pairwise(telling):
        yield f"b:{first} {second}", _WEIGHTS["pair"]


@lru_cache(maxsize=100_000)
def _bucket(feature: str) -> tuple[int, int]:
    digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    return number >> 1, 1 if number & 1 else -1


def _encoded(values: NDArray[np.float32], format_: str) -> str | list[float]:
    floats = values.tolist()
    return base64.b64encode(struct.pack(f"<{len(floats)}f", *floats)).decode() if format_ == "base64" else floats
