"""The search in SQL: nearest vectors and best matches of words, and the fusion of their ranks, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pgvector import HalfVector
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

CANDIDATES: Final = 24
"""Of each way of searching; a passage that is first in one and absent in the other still comes out near the top."""
FUSION_K: Final = 60
"""Reciprocal rank fusion: 1 / (k + rank), summed. The constant of Cormack, Clarke and Büttcher (SIGIR 2009)."""
EF_SEARCH: Final = 200
"""Candidates that an HNSW search keeps; recall against speed (docs/knowledge.md)."""
SEARCH_MS: Final = 3000
"""After this a search is given up: nobody waits for it any more."""


class How(StrEnum):
    """Ways of searching."""

    HYBRID = "hybrid"
    VECTOR = "vector"
    WORDS = "words"


_NEAR = """
    near AS MATERIALIZED (
        SELECT id, embedding <=> CAST(:vector AS halfvec) AS distance
        FROM knowledge_chunks
        WHERE organization_id = :organization_id AND collection = ANY(:collections) AND model = :model
        ORDER BY embedding <=> CAST(:vector AS halfvec)
        LIMIT :candidates
    )
"""
_NO_NEAR = "near AS (SELECT NULL::bigint AS id, NULL::float8 AS distance WHERE false)"

# Any of the words may match, for people do not ask in the words of the document; rare words and many of them win.
_MATCHING = """
    wanted AS MATERIALIZED (
        SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery AS query
        FROM unnest(to_tsvector(CAST(:configuration AS regconfig), :words))
    ),
    matching AS MATERIALIZED (
        SELECT id, ts_rank(words, query, 2) AS weight
        FROM knowledge_chunks, wanted
        WHERE organization_id = :organization_id AND collection = ANY(:collections) AND words @@ query
        ORDER BY weight DESC, id
        LIMIT :candidates
    )
"""
_NO_MATCHING = "matching AS (SELECT NULL::bigint AS id, NULL::float8 AS weight WHERE false)"

_SEARCH = """
    WITH {near}, {matching},
    fused AS (
        SELECT coalesce(n.id, m.id) AS id, n.distance,
               coalesce(1.0 / (:k + n.rank), 0) + coalesce(1.0 / (:k + m.rank), 0) AS score, m.rank AS words_rank
        FROM (SELECT id, distance, row_number() OVER (ORDER BY distance, id) AS rank FROM near) AS n
        FULL JOIN (SELECT id, row_number() OVER (ORDER BY weight DESC, id) AS rank FROM matching) AS m ON m.id = n.id
    )
    SELECT c.id, c.document_id, d.name AS document, c.collection, c.place, c.title, c.text,
           f.score, 1 - f.distance AS similarity, f.words_rank
    FROM fused AS f
    JOIN knowledge_chunks AS c ON c.id = f.id
    JOIN knowledge_documents AS d ON d.id = c.document_id AND d.organization_id = c.organization_id
    WHERE c.organization_id = :organization_id
    ORDER BY f.score DESC, f.distance, c.id
    LIMIT :limit
"""


def search(
    session: Session,
    organization_id: UUID,
    *,
    collections: Sequence[str],
    vector: list[float] | None,
    model: str,
    words: str,
    configuration: str,
    how: How,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return the best passages, the best first.

    Args:
        session: of a transaction.
        organization_id: whose passages.
        collections: which of them.
        vector: of what is looked for; None searches by words only.
        model: what made the vector.
        words: what is looked for.
        configuration: the text search configuration of the words.
        how: by which ways.
        limit: how many at most.
    """
    by_vector = vector is not None and how is not How.WORDS
    by_words = how is not How.VECTOR
    values: dict[str, Any] = {
        "organization_id": organization_id,
        "collections": list(collections),
        "candidates": max(CANDIDATES, limit),
        "k": FUSION_K,
        "limit": limit,
    }
    # Filters are applied to what the index finds: it must go on until enough of it is this tenant's.
    session.execute(
        text(
            "SELECT set_config('statement_timeout', :ms, true),"
            " set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', :ef, true)"
        ),
        {"ms": str(SEARCH_MS), "ef": str(EF_SEARCH)},
    )
    if by_vector:
        assert vector is not None
        values |= {"vector": HalfVector(vector).to_text(), "model": model}
    if by_words:
        values |= {"words": words.replace("\\", " "), "configuration": configuration}
    sql = _SEARCH.format(near=_NEAR if by_vector else _NO_NEAR, matching=_MATCHING if by_words else _NO_MATCHING)
    return session.execute(text(sql), values).all()
