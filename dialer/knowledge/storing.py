"""Documents come and go, on the record. A new edition waits until it is indexed; the one before is found until then."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from dialer.accounts import audit
from dialer.errors import BadInput, NotFound
from dialer.knowledge import languages
from dialer.knowledge.models import DocumentState, KnowledgeChunk, KnowledgeDocument, KnowledgeVector
from dialer.knowledge.sections import Section

NAME_CHARACTERS: Final = 200
_COLLECTION: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def collection_name(name: str) -> str:
    """Check the name of a collection.

    Raises:
        BadInput: it is none.
    """
    if not _COLLECTION.fullmatch(name):
        raise BadInput(
            f"{name!r} is no name of a collection: up to 60 lower-case letters, digits, - and _, no sign first."
        )
    return name


def add(
    session: Session,
    organization_id: UUID,
    *,
    collection: str,
    name: str,
    body: bytes,
    sections: Sequence[Section],
    language: str,
    now: datetime,
    by: str,
) -> tuple[KnowledgeDocument, bool]:
    """Keep a document that was read, to be indexed, and write down who added it.

    Args:
        session: of the transaction.
        organization_id: whose it is.
        collection: where agents look for it.
        name: the file's name. Of one name and collection there is one document: this one takes the other's place.
        body: the file.
        sections: what was read of it.
        language: a locale; its words are looked up by their stems in it.
        now: campaign time.
        by: who adds it.

    Returns:
        The document, and whether it is new: the same file again is not.

    Raises:
        BadInput: a name or the language cannot be used.
    """
    collection_name(collection)
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise BadInput(f"{name[:40]!r} is no name of a document: up to {NAME_CHARACTERS} characters that can be seen.")
    configuration = languages.configuration(language)
    sha256 = hashlib.sha256(body).hexdigest()
    _one_at_a_time(session, organization_id, collection, name)
    for known in session.scalars(
        select(KnowledgeDocument)
        .where(
            KnowledgeDocument.organization_id == organization_id,
            KnowledgeDocument.collection == collection,
            KnowledgeDocument.name == name,
        )
        .order_by(KnowledgeDocument.added_at.desc())
    ).all():
        if (known.sha256, known.language) == (sha256, configuration):
            return known, False
        if known.state is DocumentState.WAITING:
            session.delete(known)
            session.flush()
    document = KnowledgeDocument(
        organization_id=organization_id,
        collection=collection,
        name=name,
        sha256=sha256,
        size=len(body),
        language=configuration,
        sections=[asdict(section) for section in sections],
        state=DocumentState.WAITING,
        added_at=now,
        added_by=by,
    )
    session.add(document)
    session.flush()
    detail = {"document": str(document.id), "collection": collection}
    audit.write(session, organization_id, by=by, what="knowledge.add", **detail)
    return document, True


def remove(session: Session, organization_id: UUID, document_id: UUID, *, by: str) -> KnowledgeDocument:
    """Forget a document: its text, its chunks, and the vectors that no other document needs. Write down who wished it.

    Raises:
        NotFound: the organization has no such document.
    """
    document = session.scalars(
        select(KnowledgeDocument)
        .where(KnowledgeDocument.organization_id == organization_id, KnowledgeDocument.id == document_id)
        .with_for_update()
    ).first()
    if document is None:
        raise NotFound("document", document_id)
    session.execute(delete(KnowledgeDocument).where(KnowledgeDocument.id == document_id))
    forget_vectors(session, organization_id)
    detail = {"document": str(document_id), "collection": document.collection}
    audit.write(session, organization_id, by=by, what="knowledge.remove", **detail)
    return document


def forget_vectors(session: Session, organization_id: UUID) -> None:
    """Forget the vectors that no chunk has: texts can be guessed from them."""
    used = select(KnowledgeChunk.id).where(
        KnowledgeChunk.organization_id == organization_id,
        KnowledgeChunk.model == KnowledgeVector.model,
        KnowledgeChunk.sha256 == KnowledgeVector.sha256,
    )
    session.execute(delete(KnowledgeVector).where(KnowledgeVector.organization_id == organization_id, ~used.exists()))


def _one_at_a_time(session: Session, organization_id: UUID, collection: str, name: str) -> None:
    """Let uploads of one name wait for each other, and let the next statement see what the one before committed."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"document:{organization_id}:{collection}:{name}"},
    )
