"""Makes a document findable: chunks, vectors, rows. The row says what is to be done; a message is only a hint.

Whoever indexes a document holds it by moving its `next_wall` ahead; what a dead worker held is due again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session, undefer

from dialer import clock, log
from dialer.db import Sessions, transaction
from dialer.errors import BadInput, TransientError, UnknownEffect, VendorRefused
from dialer.knowledge import storing
from dialer.knowledge.chunking import Chunk, chunks
from dialer.knowledge.embedding import Embedded, embed
from dialer.knowledge.models import DocumentState, KnowledgeChunk, KnowledgeDocument
from dialer.knowledge.sections import Section
from dialer.llm.base import Embedder

HOLD: Final = timedelta(seconds=90)
"""Longer than a batch of vectors may take; each batch extends it."""
AGAIN: Final = timedelta(seconds=10)
"""Before the next try after a failure; doubled with each."""
AGAIN_AT_MOST: Final = timedelta(minutes=10)
MOST_CHUNKS: Final = 20_000
ROWS_AT_ONCE: Final = 200
AT_ONCE: Final = 100
_ERROR_CHARACTERS: Final = 500

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Indexing:
    """What indexing needs."""

    sessions: Sessions
    embedder: Embedder


def index(document_id: UUID, on: Indexing) -> Embedded | None:
    """Index a document that is due, if nobody else is at it.

    Returns:
        What it took; None if there was nothing to do, or it was removed meanwhile.

    Raises:
        VendorBusy, VendorRefused: there are no vectors now. The row says so, and when it is tried again.
    """
    document = _hold(document_id, on)
    if document is None:
        return None
    found = list(chunks(Section(**section) for section in document.sections))
    try:
        if len(found) > MOST_CHUNKS:
            raise BadInput(f"{len(found):,} passages are more than the {MOST_CHUNKS:,} that are taken: split the file.")
        vectors = embed(
            found,
            organization_id=document.organization_id,
            sessions=on.sessions,
            embedder=on.embedder,
            between=partial(_hold_on, document_id, on.sessions),
        )
    except (TransientError, UnknownEffect, VendorRefused, BadInput) as error:
        _put_off(document_id, str(error), on.sessions)
        raise
    with transaction(on.sessions) as tx:
        if not _use(tx.session, document_id, found, vectors, on.embedder.model):
            return None
    logger.info("document indexed", document_id=str(document_id), chunks=len(found), embedded=vectors.made)
    return vectors


def attempt(document_id: UUID, on: Indexing) -> None:
    """Index a document in a worker. What stops it stands in its row, and it is tried again."""
    try:
        index(document_id, on)
    except (TransientError, UnknownEffect, VendorRefused, BadInput) as error:
        logger.warning("document not indexed", document_id=str(document_id), error=str(error))


def due(sessions: Sessions, model: str) -> list[UUID]:
    """Return documents that wait, and those whose vectors another model made; some of them, if they are many."""
    with sessions() as session:
        return list(
            session.scalars(
                select(KnowledgeDocument.id).where(_is_due(model)).order_by(KnowledgeDocument.next_wall).limit(AT_ONCE)
            )
        )


def _is_due(model: str) -> ColumnElement[bool]:
    wanted = or_(KnowledgeDocument.state == DocumentState.WAITING, KnowledgeDocument.model != model)
    return wanted & (KnowledgeDocument.next_wall <= func.clock_timestamp())


def _hold(document_id: UUID, on: Indexing) -> KnowledgeDocument | None:
    with transaction(on.sessions) as tx:
        held = tx.session.scalar(
            update(KnowledgeDocument)
            .where(KnowledgeDocument.id == document_id, _is_due(on.embedder.model))
            .values(next_wall=func.clock_timestamp() + HOLD, tries=KnowledgeDocument.tries + 1)
            .returning(KnowledgeDocument.id)
        )
        if held is None:
            return None
        return tx.session.get_one(KnowledgeDocument, document_id, options=[undefer(KnowledgeDocument.sections)])


def _hold_on(document_id: UUID, sessions: Sessions) -> None:
    with transaction(sessions) as tx:
        tx.session.execute(
            update(KnowledgeDocument)
            .where(KnowledgeDocument.id == document_id)
            .values(next_wall=func.clock_timestamp() + HOLD)
        )


def _put_off(document_id: UUID, error: str, sessions: Sessions) -> None:
    with transaction(sessions) as tx:
        document = tx.session.get(KnowledgeDocument, document_id, with_for_update=True)
        if document is not None:
            document.error = error[:_ERROR_CHARACTERS]
            wait = min(AGAIN * 2 ** min(document.tries - 1, 10), AGAIN_AT_MOST)
            document.next_wall = clock.wall(tx.session) + wait


def _use(session: Session, document_id: UUID, found: list[Chunk], vectors: Embedded, model: str) -> bool:
    """Put a document's chunks in place of those of its edition before, and of its own of another model."""
    document = session.get(KnowledgeDocument, document_id, with_for_update=True)
    if document is None:
        return False
    before = session.scalars(
        delete(KnowledgeDocument)
        .where(
            KnowledgeDocument.organization_id == document.organization_id,
            KnowledgeDocument.collection == document.collection,
            KnowledgeDocument.name == document.name,
            KnowledgeDocument.state == DocumentState.INDEXED,
            KnowledgeDocument.id != document_id,
        )
        .returning(KnowledgeDocument.id)
    ).all()
    replaced = bool(before) or document.chunk_count > 0
    session.execute(delete(KnowledgeChunk).where(KnowledgeChunk.document_id == document_id))
    rows = [
        {
            "organization_id": document.organization_id,
            "collection": document.collection,
            "document_id": document_id,
            "number": number,
            "place": chunk.place,
            "title": chunk.title,
            "text": chunk.text,
            "sha256": chunk.sha256,
            "model": model,
            "embedding": vectors.vectors[chunk.sha256],
            "language": document.language,
        }
        for number, chunk in enumerate(found, 1)
    ]
    for at in range(0, len(rows), ROWS_AT_ONCE):
        session.execute(insert(KnowledgeChunk), rows[at : at + ROWS_AT_ONCE])
    document.state, document.indexed_at = DocumentState.INDEXED, clock.now(session)
    document.model, document.chunk_count = model, len(rows)
    document.tries, document.error, document.next_wall = 0, "", clock.wall(session)
    session.flush()
    if replaced:
        storing.forget_vectors(session, document.organization_id)
    return True
