"""Documents, their chunks, and the vectors that were paid for already."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import BigInteger, Computed, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB, REGCONFIG, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Stamp, enum

DIMENSIONS: Final = 1024
"""Of every vector. A model that makes shorter ones is filled up with zeros, which changes no cosine."""
WORDS_SQL: Final = "to_tsvector(language, title || ' ' || text)"


class DocumentState(StrEnum):
    """Where a document stands."""

    WAITING = "waiting"
    """Read, and not yet found by anybody."""
    INDEXED = "indexed"


class KnowledgeDocument(Base):
    """A document of a collection. A new edition waits beside the one in use and takes its place once it is indexed."""

    __tablename__ = "knowledge_documents"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        Index(
            "uq_knowledge_documents_in_use",
            "organization_id",
            "collection",
            "name",
            unique=True,
            postgresql_where="state = 'indexed'",
        ),
        Index(
            "uq_knowledge_documents_waiting",
            "organization_id",
            "collection",
            "name",
            unique=True,
            postgresql_where="state = 'waiting'",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    collection: Mapped[str]
    name: Mapped[str]
    """The file's name."""
    sha256: Mapped[str]
    """Of the file."""
    size: Mapped[int]
    """Of the file, in bytes."""
    language: Mapped[str]
    """The text search configuration that its words are looked up by: english, hindi, simple."""
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, deferred=True)
    """What was read of it, each as `dialer.knowledge.sections.Section`."""
    state: Mapped[DocumentState] = mapped_column(enum(DocumentState))
    added_at: Mapped[Stamp]
    added_by: Mapped[str]
    indexed_at: Mapped[Stamp | None]
    model: Mapped[str] = mapped_column(server_default="")
    """What made its vectors."""
    chunk_count: Mapped[int] = mapped_column(server_default="0")
    tries: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str] = mapped_column(server_default="")
    """Why the last try to index it failed."""
    next_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    """Not before this is it tried (again); whoever indexes it moves this ahead for as long as it holds it."""


class KnowledgeChunk(Base):
    """A passage of a document that is in use."""

    __tablename__ = "knowledge_chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "document_id"],
            ["knowledge_documents.organization_id", "knowledge_documents.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organization_id", "collection"),
        Index(None, "organization_id", "document_id"),
        Index(None, "organization_id", "model", "sha256"),
        Index("ix_knowledge_chunks_words", "words", postgresql_using="gin"),
        Index(
            "ix_knowledge_chunks_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "halfvec_cosine_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    collection: Mapped[str]
    document_id: Mapped[UUID]
    number: Mapped[int]
    """Its place in the document, from 1."""
    place: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    sha256: Mapped[str]
    """Of what the vector is made of."""
    model: Mapped[str]
    embedding: Mapped[Any] = mapped_column(HALFVEC(DIMENSIONS))
    language: Mapped[str] = mapped_column(REGCONFIG)
    words: Mapped[Any] = mapped_column(TSVECTOR, Computed(WORDS_SQL, persisted=True))


class KnowledgeVector(Base):
    """A vector by content and model: what was embedded once is not paid for again. It goes with its last chunk."""

    __tablename__ = "knowledge_vectors"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    embedding: Mapped[Any] = mapped_column(HALFVEC(DIMENSIONS))
    made_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
