"""Labelled utterances, and the models that were trained on them."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp, enum
from dialer.understanding.labels import Emotion, Intent, Sentiment


class LabelledUtterance(Base):
    """What a person says that an utterance is. One of a call stands for its turn's words, and dies with them."""

    __tablename__ = "labelled_utterances"
    __table_args__ = (
        UniqueConstraint("turn_id"),
        UniqueConstraint("organization_id", "text"),
        CheckConstraint("(turn_id IS NULL) <> (text IS NULL)", name="turn_or_text"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    turn_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("turns.id", ondelete="CASCADE"))
    text: Mapped[str | None]
    language: Mapped[str]
    emotion: Mapped[Emotion | None] = mapped_column(enum(Emotion))
    intent: Mapped[Intent | None] = mapped_column(enum(Intent))
    sentiment: Mapped[Sentiment | None] = mapped_column(enum(Sentiment))
    at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    by: Mapped[str]


class TrainingState(StrEnum):
    """How far a training has come."""

    QUEUED = "queued"
    TRAINING = "training"
    TRAINED = "trained"
    FAILED = "failed"


class UnderstandingModel(Base):
    """One version of an organization's model. Its weights are numbers in an npz; loading them executes nothing."""

    __tablename__ = "understanding_models"
    __table_args__ = (
        UniqueConstraint("organization_id", "number"),
        Index(
            "uq_understanding_models_promoted",
            "organization_id",
            unique=True,
            postgresql_where="promoted_at IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    number: Mapped[int]
    state: Mapped[TrainingState] = mapped_column(enum(TrainingState), server_default="queued")
    moved_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    tries: Mapped[int] = mapped_column(server_default="0")
    requested_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    requested_by: Mapped[str]
    with_shipped: Mapped[bool]
    """Whether the utterances that ship are learned too."""
    utterances: Mapped[int] = mapped_column(server_default="0")
    """The organization's own ones that it was trained on."""
    report: Mapped[Json] = mapped_column(server_default="{}")
    error: Mapped[str] = mapped_column(server_default="")
    weights: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    promoted_at: Mapped[Stamp | None]
    """Since when live calls use it; at most one of an organization's models."""
    promoted_by: Mapped[str] = mapped_column(server_default="")
