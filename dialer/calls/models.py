"""Calls (one row an attempt) and what belongs to them; the seats; the gate that stops all dialing."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dialer.calls.states import OPEN, CallState
from dialer.db import Base, Json, Stamp, enum

_OPEN_SQL = ", ".join(f"'{state}'" for state in sorted(OPEN))


class Direction(StrEnum):
    """Who called whom."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Purpose(StrEnum):
    """Why the call is made: for a campaign's lead, to try an agent on one's own phone, or because a person calls us."""

    CAMPAIGN = "campaign"
    TEST = "test"
    INBOUND = "inbound"


class SeatState(StrEnum):
    """The answered call's need of a seat. Taking it and giving up are compare-and-set on this column and the epoch."""

    NONE = "none"
    WANTED = "wanted"
    TAKEN = "taken"
    GIVEN_UP = "given_up"
    BY_TURNS = "by_turns"
    """No stream could be had: the carrier speaks and listens itself, turn by turn."""


class Call(Base):
    """One attempt. Columns named `…_wall` hold the database's own time, the other times campaign time."""

    __tablename__ = "calls"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "campaign_id"], ["campaigns.organization_id", "campaigns.id"]),
        ForeignKeyConstraint(["organization_id", "lead_id"], ["leads.organization_id", "leads.id"]),
        ForeignKeyConstraint(
            ["organization_id", "carrier_account_id"], ["carrier_accounts.organization_id", "carrier_accounts.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "agent_version_id"], ["agent_versions.organization_id", "agent_versions.id"]
        ),
        UniqueConstraint("organization_id", "id"),
        # Law 2: at most one open outbound call per phone number in an organization, and per lead.
        Index(
            "uq_calls_open_phone",
            "organization_id",
            "to_number",
            unique=True,
            postgresql_where=f"direction = 'outbound' AND state IN ({_OPEN_SQL})",
        ),
        Index(
            "uq_calls_open_lead",
            "lead_id",
            unique=True,
            postgresql_where=f"direction = 'outbound' AND state IN ({_OPEN_SQL})",
        ),
        # Law 1: an attempt is one row, and one carrier call belongs to one row.
        Index("uq_calls_attempt", "lead_id", "attempt", unique=True, postgresql_where="state <> 'withdrawn'"),
        Index(
            "uq_calls_carrier_id",
            "carrier_account_id",
            "carrier_id",
            unique=True,
            postgresql_where="carrier_id IS NOT NULL",
        ),
        CheckConstraint("state NOT IN ('claimed', 'withdrawn') OR carrier_id IS NULL", name="carrier_id_after_dialing"),
        CheckConstraint("state <> 'unknown' OR carrier_id IS NULL", name="unknown_has_no_carrier_id"),
        CheckConstraint(
            "direction <> 'outbound' OR state IN ('claimed', 'withdrawn') OR dialing_at IS NOT NULL",
            name="dialing_at",
        ),
        CheckConstraint(
            "(purpose = 'campaign') = (lead_id IS NOT NULL) OR purpose = 'inbound'", name="campaign_call_has_lead"
        ),
        CheckConstraint("seat <> 'taken' OR seat_worker IS NOT NULL", name="seat_worker"),
        Index("ix_calls_open", "state", "moved_wall", postgresql_where=f"state IN ({_OPEN_SQL})"),
        Index(
            "ix_calls_unfinished",
            "closed_wall",
            postgresql_where="outcome_at IS NULL AND state IN ('ended', 'failed')",
        ),
        Index(None, "lead_id"),
        Index(None, "campaign_id", "claimed_at"),
        Index(None, "organization_id", "to_number"),
        Index(None, "dialing_wall"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    campaign_id: Mapped[UUID | None]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    attempt: Mapped[int | None]
    """Which attempt at the lead this is, from 1; withdrawn calls do not count."""
    purpose: Mapped[Purpose] = mapped_column(enum(Purpose))
    direction: Mapped[Direction] = mapped_column(enum(Direction))
    to_number: Mapped[str]
    from_number: Mapped[str]
    carrier_account_id: Mapped[UUID]
    agent_version_id: Mapped[UUID]
    carrier_id: Mapped[str | None]
    state: Mapped[CallState] = mapped_column(enum(CallState))
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it was withdrawn, refused or ended so."""
    moved_at: Mapped[Stamp]
    moved_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())

    ring_timeout_s: Mapped[int]
    dial_at: Mapped[Stamp]
    """The slot that keeps the carrier's calls per second."""
    closes_at: Mapped[Stamp | None]
    """When the lawful window ends: a call still queued at the carrier then is cancelled."""
    claimed_at: Mapped[Stamp]
    dialing_at: Mapped[Stamp | None]
    dialing_wall: Mapped[Stamp | None]
    answered_at: Mapped[Stamp | None]
    ended_at: Mapped[Stamp | None]
    closed_wall: Mapped[Stamp | None]
    """When the state became final."""
    settle_wall: Mapped[Stamp | None]
    """When the carrier was last asked about this call."""

    carrier_status: Mapped[str | None]
    carrier_code: Mapped[str | None]
    duration_s: Mapped[int | None]
    answered_by: Mapped[str | None]
    """The carrier's verdict: human, machine_end_beep, …."""
    machine: Mapped[str | None]
    """Our own last verdict: voicemail, screening, ivr, fax; human: a person after all."""
    machine_evidence: Mapped[str | None]
    """What each verdict went by: a line each, with the seconds since the stream began."""

    seat: Mapped[SeatState] = mapped_column(enum(SeatState), server_default="none")
    seat_epoch: Mapped[int] = mapped_column(server_default="0")
    """Grows with each seat that is asked for. Every write of a worker carries it in its WHERE."""
    seat_worker: Mapped[str | None]
    seat_url: Mapped[str | None]
    """Where the stream connects to, with its token; cleared once used."""
    seat_wall: Mapped[Stamp | None]
    stream_id: Mapped[str | None]
    ending: Mapped[str | None]
    """The planned end, committed before the stream is closed: a `conversation.facts.EndReason`."""
    transfer_to: Mapped[str | None]
    transfer: Mapped[str | None]
    """Of a transfer that a colleague must accept: asked, accepted, declined."""
    opener_done_at: Mapped[Stamp | None]
    opted_out_at: Mapped[Stamp | None]
    handed_in_wall: Mapped[Stamp | None]
    """When the seat handed in its facts."""
    talk_s: Mapped[float | None] = mapped_column(Float)
    recording: Mapped[str | None]
    """File name below the recordings folder."""
    outcome_at: Mapped[Stamp | None]


class CallMove(Base):
    """A change of a call's state: when, who and why."""

    __tablename__ = "call_moves"
    __table_args__ = (Index(None, "call_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    state: Mapped[CallState] = mapped_column(enum(CallState))
    at: Mapped[Stamp]
    wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    by: Mapped[str]
    why: Mapped[str]


class Callback(Base):
    """What the carrier told us, raw, under a hash of its path and signed parameters; folded into the call later."""

    __tablename__ = "callbacks"
    __table_args__ = (Index("ix_callbacks_unfolded", "received_wall", postgresql_where="folded_wall IS NULL"),)

    hash: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[UUID | None]
    kind: Mapped[str]
    params: Mapped[Json]
    received_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    folded_wall: Mapped[Stamp | None]
    error: Mapped[str | None]


class Stray(Base):
    """A carrier call that should not exist: a second one for an attempt. Hung up, and counted against law 1."""

    __tablename__ = "strays"

    carrier_id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[UUID | None]
    at: Mapped[Stamp]
    why: Mapped[str]


class Turn(Base):
    """Something said. Of the agent, only what was heard."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("call_id", "epoch", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    epoch: Mapped[int]
    number: Mapped[int]
    speaker: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    interrupted: Mapped[bool] = mapped_column(server_default="false")
    started_s: Mapped[float] = mapped_column(Float)
    ended_s: Mapped[float] = mapped_column(Float)
    timings_ms: Mapped[Json] = mapped_column(server_default="{}")
    cost: Mapped[Json] = mapped_column(server_default="{}")
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """Passages of the seller's documents that the model had before it, each as `conversation.facts.Source`."""
    understanding: Mapped[Json | None]
    """Of what a person said: a `dialer.understanding.analysis.Understanding`, once it is known."""
    at: Mapped[Stamp]


class ToolUse(Base):
    """A tool that the agent wanted: the row comes before the effect."""

    __tablename__ = "tool_uses"
    __table_args__ = (UniqueConstraint("call_id", "key"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    key: Mapped[str]
    name: Mapped[str]
    arguments: Mapped[Json]
    result: Mapped[str] = mapped_column(server_default="")
    """What the model was told of it."""
    ok: Mapped[bool]
    at: Mapped[Stamp]
    done_at: Mapped[Stamp | None]
    """When its effect was known; none yet: it is under way, or its seat died and nobody knows."""


class Tally(Base):
    """What one seat of a call used, and what happened in it; told when it was over."""

    __tablename__ = "tallies"

    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counters: Mapped[Json]
    """Name → number: tokens, seconds of recognition, barge-ins, …; see `conversation.facts.HandedIn`."""


class Worker(Base):
    """A call worker and its seats. It counts while its heartbeat is under 5 s old."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    media_url: Mapped[str]
    seats: Mapped[int]
    """Paced seats; the pool of threads is twice that."""
    draining: Mapped[bool] = mapped_column(server_default="false")
    started_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    heartbeat_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())


class DialingGate(Base):
    """The one row that every T2 reads: shut by the emergency stop, or because a restore was noticed."""

    __tablename__ = "dialing_gate"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shut: Mapped[bool]
    by: Mapped[str] = mapped_column(server_default="")
    why: Mapped[str] = mapped_column(server_default="")
    moved_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    system_identifier: Mapped[str] = mapped_column(server_default="")
    """Of the database cluster, as last seen: a restored copy has another, or another timeline."""
    timeline: Mapped[int] = mapped_column(server_default="0")


class GateMove(Base):
    """A change of the gate: who shut or opened it, and why."""

    __tablename__ = "gate_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    shut: Mapped[bool]
    at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    by: Mapped[str]
    why: Mapped[str]
