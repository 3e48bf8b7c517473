"""What the API, the console and the command line read about documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from dialer.errors import NotFound
from dialer.knowledge.models import DocumentState, KnowledgeDocument


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document. While its `state` is waiting, an edition before it may still be the one that is found."""

    id: UUID
    collection: str
    name: str
    state: DocumentState
    size: int
    sha256: str
    language: str
    chunks: int
    model: str
    error: str
    """Why it is still waiting, if a try failed; it is tried again by itself."""
    added_at: datetime
    added_by: str
    indexed_at: datetime | None


def view(document: KnowledgeDocument) -> DocumentView:
    """Show a row."""
    return DocumentView(
        id=document.id,
        collection=document.collection,
        name=document.name,
        state=document.state,
        size=document.size,
        sha256=document.sha256,
        language=document.language,
        chunks=document.chunk_count,
        model=document.model,
        error=document.error,
        added_at=document.added_at,
        added_by=document.added_by,
        indexed_at=document.indexed_at,
    )


def page(
    session: Session,
    organization_id: UUID,
    *,
    collection: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[DocumentView]:
    """Return documents, the latest first; `before` is the time and id of the last one that was seen."""
    wanted = select(KnowledgeDocument).where(KnowledgeDocument.organization_id == organization_id)
    if collection is not None:
        wanted = wanted.where(KnowledgeDocument.collection == collection)
    if before is not None:
        wanted = wanted.where(tuple_(KnowledgeDocument.added_at, KnowledgeDocument.id) < before)
    rows = session.scalars(wanted.order_by(KnowledgeDocument.added_at.desc(), KnowledgeDocument.id.desc()).limit(limit))
    return [view(row) for row in rows]


def one(session: Session, organization_id: UUID, document_id: UUID) -> DocumentView:
    """Return one document.

    Raises:
        NotFound: the organization has none of this id.
    """
    document = session.scalars(
        select(KnowledgeDocument).where(
            KnowledgeDocument.organization_id == organization_id, KnowledgeDocument.id == document_id
        )
    ).first()
    if document is None:
        raise NotFound("document", document_id)
    return view(document)


def collections(session: Session, organization_id: UUID) -> list[str]:
    """Return the names of an organization's collections."""
    names = select(KnowledgeDocument.collection).where(KnowledgeDocument.organization_id == organization_id)
    return list(session.scalars(names.distinct().order_by(KnowledgeDocument.collection)))
