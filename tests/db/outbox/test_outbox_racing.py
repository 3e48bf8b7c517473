"""Outbox rows that several processes want to send, of which some die."""

from __future__ import annotations

import threading

from sqlalchemy import text

from dialer.crm import queries
from dialer.crm.base import Contact
from dialer.crm.delivery import deliver_due, deliver_one
from dialer.db import Sessions
from dialer.leads.models import Lead
from tests.db.outbox.rows import FakeCrm, post, row_of
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
