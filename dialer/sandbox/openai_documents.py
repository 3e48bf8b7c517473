"""Documents as the sandbox's language model reads them: JSON that stands in a message, of texts that may answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dialer.sandbox.openai_prompt import stems

_ARRAY = re.compile(r"\[\s*\{.*\}\s*\]", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.*\b(?:rules|instructions|prompt)\b|^\s*(?:system|assistant)\s*:", re.I
)


def texts(message: str) -> list[str]:
    """The texts of the documents that a message quotes; empty if it quotes none."""
    found = _ARRAY.search(message)
    try:
        read: Any = json.loads(found.group(0)) if found else []
    except ValueError:
        return []
    return [str(item["text"]) for item in read if isinstance(item, Mapping) and "text" in item]


def about(question: str, documents: Sequence[str]) -> str:
    """The sentence that has most of the question's words; "" if none has two of them.

    A document that gives orders is not obeyed, and nothing is said from it.
    """
    wanted = stems(question)
    honest = [text for text in documents if not _ORDER.search(text)]
    sentences = [sentence.strip() for text in honest for sentence in _SENTENCE.split(text) if sentence.strip()]
    best = max(sentences, key=lambda sentence: len(wanted & stems(sentence)), default="")
    return best if len(wanted & stems(best)) >= min(2, len(wanted)) > 0 else ""
