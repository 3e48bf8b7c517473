"""The outbox against a real database, with CRMs that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.crm import delivery, queries
from dialer.crm.base import Activity, Contact, Task
from dialer.crm.delivery import deliver_due, deliver_one, retry
from dialer.crm.models import CrmLink, OutboxKind, OutboxRow, OutboxState
from dialer.db import Sessions
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.followups.models import FollowUp, FollowUpKind
from dialer.leads.models import Lead, LeadMove, LeadState
from dialer.outcomes.models import Disposition, Outcome
from tests.factories import NOON, Factory, other_organization


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


@pytest.fixture
def crm() -> FakeCrm:
    return FakeCrm()


@pytest.fixture
def lead(factory: Factory) -> Lead:
    return factory.lead(factory.campaign(), state=LeadState.DONE, last_name="Lee", fields={"city": "Rome"})


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


def test_contact_call_and_task_arrive_in_order(sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm) -> None:
    finish(factory, lead, "hubspot")

    assert deliver_due(sessions, {"hubspot": crm}) == 3

    assert [type(crm.kept[key]) for key in crm.sent] == [Contact, Activity, Task]
    assert crm.contact_ids == [f"id of lead-{lead.id}"] * 2


def test_contact_tells_the_present_state(sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm) -> None:
    finish(factory, lead, "hubspot")
    with sessions.begin() as session:
        session.execute(update(Lead).where(Lead.id == lead.id).values(last_name="Moore"))

    deliver_due(sessions, {"hubspot": crm})

    contact = crm.kept[f"lead-{lead.id}"]
    assert isinstance(contact, Contact)
    assert (contact.last_name, contact.status) == ("Moore", "interested")
    assert contact.fields == {"city": "Rome", "budget": 1200}


def test_contact_id_is_remembered(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    post(sessions, lead)
    deliver_due(sessions, {"hubspot": crm})

    with sessions() as session:
        assert session.scalars(select(CrmLink.external_id)).all() == [f"id of lead-{lead.id}"]


def test_webhook_gets_the_whole_call(sessions: Sessions, factory: Factory, lead: Lead) -> None:
    receiver = FakeReceiver()
    call = finish(factory, lead, "webhook")

    deliver_due(sessions, {"webhook": receiver}, recordings_url="https://dialer.example/recordings")

    ((event_id, document),) = receiver.got
    assert event_id == f"event-{call.id}"
    assert document["type"] == "call.finished"
    assert document["data"]["lead"]["phone"] == lead.phone
    assert document["data"]["call"]["duration_s"] == 42
    assert document["data"]["outcome"]["disposition"] == "interested"
    assert [task["kind"] for task in document["data"]["follow_ups"]] == ["call_interested"]


def test_row_is_sent_once(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    deliver_due(sessions, {"hubspot": crm})
    deliver_due(sessions, {"hubspot": crm})
    deliver_one(row_id, sessions=sessions, crms={"hubspot": crm})

    assert len(crm.sent) == 1
    assert row_of(sessions, row_id).state is OutboxState.SENT


def test_one_message_sends_what_waited_for_it_too(
    sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm
) -> None:
    finish(factory, lead, "hubspot")
    with sessions() as session:
        contact, activity, _ = session.scalars(select(OutboxRow.id).order_by(OutboxRow.id))

    assert deliver_one(activity, sessions=sessions, crms={"hubspot": crm}) == 0
    assert deliver_one(contact, sessions=sessions, crms={"hubspot": crm}) == 3


def test_later_row_waits_for_an_older_one_of_the_lead(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    post(sessions, lead)
    later = post(sessions, lead)
    crm.errors = [VendorSilent("hubspot", "no answer")]

    assert deliver_due(sessions, {"hubspot": crm}) == 0
    assert row_of(sessions, later).tries == 0

    make_due(sessions)
    assert deliver_due(sessions, {"hubspot": crm}) == 2


def test_leads_do_not_wait_for_one_another(sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm) -> None:
    post(sessions, lead)
    post(sessions, factory.lead(factory.campaign()))
    crm.errors = [VendorSilent("hubspot", "no answer")]

    assert deliver_due(sessions, {"hubspot": crm}) == 1


def test_destinations_do_not_wait_for_one_another(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    other = FakeCrm("salesforce")
    post(sessions, lead)
    post(sessions, lead, destination="salesforce")
    crm.errors = [VendorBusy("hubspot", "slow down", wait_s=60)]

    assert deliver_due(sessions, {"hubspot": crm, "salesforce": other}) == 1
    assert len(other.kept) == 1


def test_hanging_destination_holds_up_no_other(sessions: Sessions, lead: Lead) -> None:
    arrived = threading.Event()

    class Hanging(FakeCrm):
        def upsert_contact(self, contact: Contact) -> str:
            assert arrived.wait(timeout=10)
            return super().upsert_contact(contact)

    class Quick(FakeCrm):
        def upsert_contact(self, contact: Contact) -> str:
            arrived.set()
            return super().upsert_contact(contact)

    post(sessions, lead, destination="hubspot")
    post(sessions, lead, destination="salesforce")

    assert deliver_due(sessions, {"hubspot": Hanging(), "salesforce": Quick("salesforce")}) == 2


def test_busy_vendor_is_left_alone_for_as_long_as_it_says(
    sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm
) -> None:
    ids = [post(sessions, lead), post(sessions, factory.lead(factory.campaign()))]
    crm.errors = [VendorBusy("hubspot", "slow down", wait_s=60)]

    deliver_due(sessions, {"hubspot": crm})

    assert len(crm.sent) == 1
    assert all(55 < wait_s(sessions, row_id) <= 60 * (1 + delivery.JITTER) for row_id in ids)


def test_being_slowed_down_is_no_failure_of_the_row(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead, tries=delivery.MAX_TRIES - 1)
    crm.errors = [VendorBusy("hubspot", "slow down", wait_s=60)]

    deliver_due(sessions, {"hubspot": crm})

    assert row_of(sessions, row_id).state is OutboxState.PENDING
    assert row_of(sessions, row_id).tries == delivery.MAX_TRIES - 1


def test_waits_grow_with_each_failure(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    waits = []
    for _ in range(4):
        crm.errors = [VendorSilent("hubspot", "no answer")]
        make_due(sessions)
        deliver_due(sessions, {"hubspot": crm})
        waits.append(wait_s(sessions, row_id))

    assert waits == sorted(waits)
    assert waits[-1] > 40


def test_refused_row_is_parked_with_its_error(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    next_id = post(sessions, lead)
    crm.errors = [VendorRefused("hubspot", "INVALID_EMAIL", "no e-mail address")]

    deliver_due(sessions, {"hubspot": crm})

    assert row_of(sessions, row_id).state is OutboxState.PARKED
    assert "INVALID_EMAIL" in (row_of(sessions, row_id).error or "")
    assert row_of(sessions, next_id).state is OutboxState.SENT


@pytest.mark.parametrize("when", ["before", "while sending"])
def test_wrong_credentials_park_nothing(
    sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm, when: str
) -> None:
    ids = [post(sessions, lead), post(sessions, factory.lead(factory.campaign()))]

    class Revoked(FakeCrm):
        def upsert_contact(self, contact: Contact) -> str:
            self.shut = True
            raise VendorRefused("hubspot", "401", "no such token")

    deliver_due(sessions, {"hubspot": Revoked() if when == "while sending" else FakeCrm(shut=True)})

    assert [row_of(sessions, row_id).state for row_id in ids] == [OutboxState.PENDING] * 2
    assert "no such token" in (row_of(sessions, ids[0]).error or "")
    assert row_of(sessions, ids[1]).tries == 0
    make_due(sessions)
    assert deliver_due(sessions, {"hubspot": crm}) == 2


@pytest.mark.parametrize("error", [VendorSilent("hubspot", "no answer"), ZeroDivisionError("a bug")])
def test_poisonous_row_is_parked_after_many_tries(
    sessions: Sessions, lead: Lead, crm: FakeCrm, error: Exception
) -> None:
    row_id = post(sessions, lead)
    for _ in range(delivery.MAX_TRIES):
        assert row_of(sessions, row_id).state is OutboxState.PENDING
        crm.errors = [error]
        make_due(sessions)
        deliver_due(sessions, {"hubspot": crm})

    assert row_of(sessions, row_id).state is OutboxState.PARKED


def test_row_that_kills_its_process_is_parked_in_the_end(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead, tries=delivery.MAX_TRIES)

    deliver_due(sessions, {"hubspot": crm})

    assert crm.sent == []
    assert row_of(sessions, row_id).state is OutboxState.PARKED


def test_parked_row_is_sent_after_a_retry(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    crm.errors = [VendorRefused("hubspot", "INVALID_EMAIL", "no e-mail address")]
    deliver_due(sessions, {"hubspot": crm})

    with sessions.begin() as session:
        assert retry(session, [row_id]) == 1

    assert deliver_due(sessions, {"hubspot": crm}) == 1
    assert row_of(sessions, row_id).error is None


def test_retry_leaves_other_tenants_alone(sessions: Sessions, lead: Lead) -> None:
    row_id = post(sessions, lead, state=OutboxState.PARKED)

    with sessions.begin() as session:
        assert retry(session, [row_id], organization_id=other_organization(sessions)) == 0


def test_row_under_way_is_not_sent_by_another(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    with sessions.begin() as session:
        assert queries.claim(session, "hubspot", lease_s=60) is not None

    deliver_due(sessions, {"hubspot": crm})
    deliver_one(row_id, sessions=sessions, crms={"hubspot": crm})

    assert crm.sent == []


def test_row_of_a_dead_process_is_sent_again(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    post(sessions, lead)
    with sessions.begin() as session:
        assert queries.claim(session, "hubspot", lease_s=-1) is not None
    crm.upsert_contact(Contact(key=f"lead-{lead.id}", phone=lead.phone))  # it died before it could say so

    assert deliver_due(sessions, {"hubspot": crm}) == 1
    assert len(crm.kept) == 1


def test_late_process_cannot_write_over_its_successor(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    with sessions.begin() as session:
        late = queries.claim(session, "hubspot", lease_s=-1)
        assert late is not None
    deliver_due(sessions, {"hubspot": crm})

    with sessions.begin() as session:
        assert not queries.park(session, late, "too late")
        assert not queries.mark_sent(session, late, "another id")
    assert row_of(sessions, row_id).external_id == f"id of lead-{lead.id}"


def test_no_transaction_is_open_while_sending(sessions: Sessions, lead: Lead) -> None:
    post(sessions, lead)
    idle = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
    )

    class Watching(FakeCrm):
        def upsert_contact(self, contact: Contact) -> str:
            with sessions() as session:
                assert session.scalar(idle) == 0
            return super().upsert_contact(contact)

    assert deliver_due(sessions, {"hubspot": Watching()}) == 1


def test_threads_racing_send_each_row_once(sessions: Sessions, factory: Factory, crm: FakeCrm) -> None:
    campaign = factory.campaign()
    for _ in range(12):
        lead = factory.lead(campaign)
        post(sessions, lead)
        post(sessions, lead)
    threads = [threading.Thread(target=deliver_due, args=(sessions, {"hubspot": crm})) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    deliver_due(sessions, {"hubspot": crm})

    assert len(crm.sent) == 24


def test_erased_person_is_not_sent(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead)
    with sessions.begin() as session:
        session.delete(session.get(Lead, lead.id))

    deliver_due(sessions, {"hubspot": crm})

    assert crm.sent == []
    assert row_of(sessions, row_id).state is OutboxState.PARKED


def test_unconfigured_destination_waits(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    row_id = post(sessions, lead, destination="salesforce")

    assert deliver_due(sessions, {"hubspot": crm}) == 0
    assert deliver_one(row_id, sessions=sessions, crms={"hubspot": crm}) == 0
    assert row_of(sessions, row_id).state is OutboxState.PENDING
