"""Finds the passages that bear on a question: by meaning, by words, or both."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dialer import log
from dialer.db import Sessions
from dialer.errors import DialerError
from dialer.knowledge import languages, queries
from dialer.knowledge.embedding import fitted
from dialer.knowledge.queries import How
from dialer.llm.base import Embedder

WORD_CHARACTERS: Final = 1000
"""Of a question; what comes after is not looked for."""
NEAR_ENOUGH: Final = 0.2
"""Cosine below which a passage that shares no word with the question is about something else."""
REMEMBERED: Final = 4096
"""Vectors of questions that a process keeps: people ask the same things. About 8 KB each as Python floats."""

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that bears on a question."""

    chunk_id: int
    document_id: UUID
    document: str
    collection: str
    place: str
    title: str
    text: str
    score: float
    """Of the fusion of ranks: 2/61 if it is the first by meaning and by words."""
    similarity: float | None
    """Cosine to the question; None if it was found by its words only."""


class Retriever:
    """Looks passages up. Any number of threads may use one."""

    def __init__(self, sessions: Sessions, embedder: Embedder) -> None:
        self._sessions = sessions
        self._embedder = embedder
        self._vectors: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self,
        organization_id: UUID,
        collections: Sequence[str],
        question: str,
        *,
        language: str,
        limit: int,
        vector_s: float,
        how: How = How.HYBRID,
    ) -> list[Found]:
        """Return the passages that bear on a question, the best first. Without a vector it goes by words alone.

        Args:
            organization_id: whose passages.
            collections: which of them.
            question: in anybody's words.
            language: of the question, a locale.
            limit: how many at most.
            vector_s: how long the vendor may take over the question's vector, in seconds.
            how: by which ways.
        """
        words = " ".join(question.split())[:WORD_CHARACTERS]
        if not words or not collections:
            return []
        vector = None if how is How.WORDS else self._vector(words, vector_s)
        with self._sessions() as session:
            rows = queries.search(
                session,
                organization_id,
                collections=collections,
                vector=vector,
                model=self._embedder.model,
                words=words,
                configuration=languages.configuration(language),
                how=how,
                limit=limit,
            )
        return [
            Found(
                row.id,
                row.document_id,
                row.document,
                row.collection,
                row.place,
                row.title,
                row.text,
                round(float(row.score), 5),
                None if row.similarity is None else round(row.similarity, 4),
            )
            for row in rows
            if row.words_rank is not None or (row.similarity or 0) >= NEAR_ENOUGH
        ]

    def _vector(self, words: str, vector_s: float) -> list[float] | None:
        key = words.casefold()
        with self._lock:
            if (known := self._vectors.get(key)) is not None:
                self._vectors.move_to_end(key)
                return known
        began_s = time.monotonic()
        try:
            (made,) = self._embedder.embed([words], timeout_s=vector_s)
            vector = fitted(made, self._embedder.name)
        except DialerError as error:
            logger.warning("question not embedded", error=str(error), after_s=round(time.monotonic() - began_s, 3))
            return None
        with self._lock:
            self._vectors[key] = vector
            while len(self._vectors) > REMEMBERED:
                self._vectors.popitem(last=False)
        return vector
