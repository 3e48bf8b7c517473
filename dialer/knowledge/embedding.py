"""Vectors of chunks: in batches, and only of what was never embedded before. Each batch is kept as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from dialer.db import Sessions, transaction
from dialer.errors import VendorRefused
from dialer.knowledge.chunking import Chunk
from dialer.knowledge.models import DIMENSIONS, KnowledgeVector
from dialer.llm.base import Embedder

BATCH_S: Final = 30.0
"""What one request may take."""
LOOKED_UP_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of some chunks by their hashes."""

    vectors: Mapping[str, Any]
    made: int
    """Texts that the vendor was asked for; the others were known."""


def embed(
    chunks: Sequence[Chunk],
    *,
    organization_id: UUID,
    sessions: Sessions,
    embedder: Embedder,
    between: Callable[[], None] = lambda: None,
) -> Embedded:
    """Return a vector for each chunk. No transaction is open while the vendor is asked.

    Args:
        chunks: any number.
        organization_id: whose they are; vectors of another tenant are never used.
        sessions: where known vectors are.
        embedder: makes the others.
        between: called after each batch.

    Raises:
        VendorRefused, VendorBusy: as `Embedder.embed`. What came before is kept.
    """
    texts = {chunk.sha256: chunk.embedded for chunk in chunks}
    vectors = _known(list(texts), organization_id, embedder.model, sessions)
    missing = [sha256 for sha256 in texts if sha256 not in vectors]
    for batch in _batches(missing, embedder.most_at_once):
        found = embedder.embed([texts[sha256] for sha256 in batch], timeout_s=BATCH_S)
        made = {sha256: fitted(vector, embedder.name) for sha256, vector in zip(batch, found, strict=True)}
        _keep(made, organization_id, embedder.model, sessions)
        vectors |= made
        between()
    return Embedded(vectors, len(missing))


def fitted(vector: Sequence[float], vendor: str) -> list[float]:
    """Fill a vector up to the length that is stored.

    Raises:
        VendorRefused: it is longer, or all zeros and so without a direction.
    """
    if len(vector) > DIMENSIONS:
        raise VendorRefused(vendor, "dimensions", f"vectors of {len(vector)} numbers; {DIMENSIONS} is the most")
    if not any(vector):
        raise VendorRefused(vendor, "dimensions", "a vector without a direction")
    return [*vector, *([0.0] * (DIMENSIONS - len(vector)))]


def _known(hashes: Sequence[str], organization_id: UUID, model: str, sessions: Sessions) -> dict[str, Any]:
    known: dict[str, Any] = {}
    with sessions() as session:
        for batch in _batches(hashes, LOOKED_UP_AT_ONCE):
            rows = session.execute(
                select(KnowledgeVector.sha256, KnowledgeVector.embedding).where(
                    KnowledgeVector.organization_id == organization_id,
                    KnowledgeVector.model == model,
                    KnowledgeVector.sha256.in_(batch),
                )
            )
            known.update((sha256, embedding) for sha256, embedding in rows)
    return known


def _keep(made: Mapping[str, Any], organization_id: UUID, model: str, sessions: Sessions) -> None:
    rows = [
        {"organization_id": organization_id, "model": model, "sha256": sha256, "embedding": vector}
        for sha256, vector in made.items()
    ]
    with transaction(sessions) as tx:
        tx.session.execute(insert(KnowledgeVector).values(rows).on_conflict_do_nothing())


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
