"""Outbox rows that several processes want to send, of which some die."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update

from dialer.crm import queries
from dialer.crm.base import Contact
from dialer.crm.delivery import deliver_due, deliver_one
from dialer.crm.letters import contact_key
from dialer.crm.models import OutboxRow, OutboxState
from dialer.db import Sessions
from dialer.errors import VendorSilent
from dialer.leads.models import Lead
from tests.db.outbox.rows import FakeCrm, make_due, post, row_of
from tests.factories import Factory


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
    crm.upsert_contact(Contact(key=contact_key(lead), phone=lead.phone))  # it died before it could say so

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
    assert row_of(sessions, row_id).external_id == f"id of {contact_key(lead)}"


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


def disposition(sessions: Sessions, lead: Lead, value: str) -> None:
    with sessions.begin() as session:
        session.execute(update(Lead).where(Lead.id == lead.id).values(disposition=value))


@dataclass
class Stopping(FakeCrm):
    """A CRM before whose first write, or first look at its fields, the sender is stopped while something happens."""

    meanwhile: Callable[[], None] | None = None
    when: str = "write"

    def _stop(self, when: str) -> None:
        if self.meanwhile is not None and when == self.when:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()

    def prepare(self) -> None:
        self._stop("prepare")

    def upsert_contact(self, contact: Contact) -> str:
        self._stop("write")
        return super().upsert_contact(contact)


@pytest.mark.parametrize("reply", [None, VendorSilent("hubspot", "no answer")])
def test_late_write_of_old_data_is_followed_by_the_present_state(
    sessions: Sessions, lead: Lead, reply: Exception | None
) -> None:
    disposition(sessions, lead, "no_answer")
    post(sessions, lead)

    class Deaf(Stopping):
        def upsert_contact(self, contact: Contact) -> str:
            record_id = super().upsert_contact(contact)
            if reply is not None and contact.status == "no_answer":
                raise reply
            return record_id

    def overtake() -> None:
        with sessions.begin() as session:
            session.execute(update(OutboxRow).values(leased_until=datetime(2020, 1, 1, tzinfo=UTC)))
        disposition(sessions, lead, "interested")
        post(sessions, lead)
        assert deliver_due(sessions, {"hubspot": crm}) == 2
        assert kept(crm, lead).status == "interested"

    crm = Deaf(meanwhile=overtake)
    deliver_due(sessions, {"hubspot": crm})

    assert kept(crm, lead).status == "interested"
    assert len(crm.sent) == 4


def test_what_is_sent_is_read_after_the_fields_were_looked_for(sessions: Sessions, lead: Lead) -> None:
    disposition(sessions, lead, "no_answer")
    post(sessions, lead)
    crm = Stopping(when="prepare", meanwhile=lambda: disposition(sessions, lead, "interested"))

    deliver_due(sessions, {"hubspot": crm})

    assert kept(crm, lead).status == "interested"


def test_sender_that_was_stopped_for_too_long_sends_nothing(
    sessions: Sessions, lead: Lead, crm: FakeCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = post(sessions, lead)
    with monkeypatch.context() as late:
        late.setattr("dialer.crm.delivery.WRITE_WITHIN_S", -1.0)
        assert deliver_due(sessions, {"hubspot": crm}) == 0
    assert crm.sent == []

    make_due(sessions)
    deliver_due(sessions, {"hubspot": crm})
    assert row_of(sessions, row_id).state is OutboxState.SENT


def kept(crm: FakeCrm, lead: Lead) -> Contact:
    contact = crm.kept[contact_key(lead)]
    assert isinstance(contact, Contact)
    return contact
