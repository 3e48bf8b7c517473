"""Outbox rows of a lead, and CRMs that do as they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, update

from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.crm.base import Activity, Contact, Task
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.db import Sessions
from dialer.errors import VendorRefused
from dialer.followups.models import FollowUp, FollowUpKind
from dialer.leads.models import Lead, LeadMove, LeadState
from dialer.outcomes.models import Disposition, Outcome
from tests.factories import NOON, Factory


@dataclass
class FakeCrm:
    """Keeps what it is sent by key; answers the next sends with `errors`, in order."""

    name: str = "hubspot"
    kept: dict[str, Contact | Activity | Task] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)
    contact_ids: list[str] = field(default_factory=list)
    shut: bool = False

    def prepare(self) -> None:
        self.check()

    def check(self) -> str:
        if self.shut:
            raise VendorRefused(self.name, "401", "no such token")
        return self.name

    def upsert_contact(self, contact: Contact) -> str:
        return self._take(contact)

    def log_call(self, activity: Activity, contact_id: str) -> str:
        self.contact_ids.append(contact_id)
        return self._take(activity)

    def add_task(self, task: Task, contact_id: str) -> str:
        self.contact_ids.append(contact_id)
        return self._take(task)

    def _take(self, what: Contact | Activity | Task) -> str:
        self.sent.append(what.key)
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        self.kept[what.key] = what
        return f"id of {what.key}"


@dataclass
class FakeReceiver:
    name: str = "webhook"
    got: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def check(self) -> str:
        return self.name

    def post(self, event_id: str, document: Mapping[str, Any]) -> None:
        self.got.append((event_id, document))


def post(sessions: Sessions, lead: Lead, kind: OutboxKind = OutboxKind.CONTACT, **more: Any) -> int:
    """Put a row into the outbox; return its id."""
    values = {"destination": "hubspot", "key": f"{kind}-{uuid4()}", "organization_id": lead.organization_id}
    with sessions.begin() as session:
        row = OutboxRow(kind=kind, lead_id=lead.id, **(values | more))
        session.add(row)
        session.flush()
        return row.id


def finish(factory: Factory, lead: Lead, *destinations: str) -> Call:
    """End a call of the lead, with its outcome, a follow-up and all outbox rows, in one transaction."""
    call = factory.call(
        lead, state=CallState.ENDED, ended_at=NOON, outcome_at=NOON, duration_s=42, carrier_id=f"CA{uuid4().hex}"
    )
    same: dict[str, Any] = {"organization_id": lead.organization_id, "call_id": call.id, "lead_id": lead.id}
    follow_up = FollowUp(
        id=uuid4(), kind=FollowUpKind.CALL_INTERESTED, subject="Call Sam", body="", due_at=NOON, created_at=NOON, **same
    )
    rows = []
    for name in destinations:
        if name == "webhook":
            rows.append(OutboxRow(destination=name, kind=OutboxKind.EVENT, key=f"event-{call.id}", **same))
            continue
        rows += [
            OutboxRow(destination=name, kind=OutboxKind.CONTACT, key=f"contact-{call.id}", **same),
            OutboxRow(destination=name, kind=OutboxKind.ACTIVITY, key=f"call-{call.id}", **same),
            OutboxRow(
                destination=name, kind=OutboxKind.TASK, key=f"task-{follow_up.id}", follow_up_id=follow_up.id, **same
            ),
        ]
    with factory.sessions.begin() as session:
        session.add(LeadMove(lead_id=lead.id, state=LeadState.DONE, at=NOON, by="test", why="test", call_id=call.id))
        session.add(follow_up)
        session.flush()
        for row in rows:
            session.add(row)
            session.flush()
        session.add(
            Outcome(
                disposition=Disposition.INTERESTED,
                summary="Wants a visit.",
                fields={"budget": 1200},
                next_step="done",
                deliveries=len(rows),
                campaign_id=lead.campaign_id,
                at=NOON,
                **same,
            )
        )
    return call


def row_of(sessions: Sessions, row_id: int) -> OutboxRow:
    with sessions() as session:
        row = session.get(OutboxRow, row_id)
        assert row is not None
        return row


def make_due(sessions: Sessions) -> None:
    """Let the waits of all rows be over."""
    with sessions.begin() as session:
        session.execute(update(OutboxRow).values(next_wall=func.clock_timestamp()))


def wait_s(sessions: Sessions, row_id: int) -> float:
    with sessions() as session:
        left = session.scalar(select(OutboxRow.next_wall - func.clock_timestamp()).where(OutboxRow.id == row_id))
        assert isinstance(left, timedelta)
        return left.total_seconds()
