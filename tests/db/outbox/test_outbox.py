"""The outbox: what arrives, in which order, and who waits for whom."""

from __future__ import annotations

import threading

from sqlalchemy import select, update

from dialer.crm.base import Activity, Contact, Task
from dialer.crm.delivery import deliver_due, deliver_one
from dialer.crm.letters import contact_key
from dialer.crm.models import CrmLink, OutboxRow, OutboxState
from dialer.db import Sessions
from dialer.errors import VendorBusy, VendorSilent
from dialer.leads.models import Lead
from tests.db.outbox.rows import FakeCrm, FakeReceiver, finish, make_due, post, row_of
from tests.factories import Factory


def test_contact_call_and_task_arrive_in_order(sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm) -> None:
    finish(factory, lead, "hubspot")

    assert deliver_due(sessions, {"hubspot": crm}) == 3

    assert [type(crm.kept[key]) for key in crm.sent] == [Contact, Activity, Task]
    assert crm.contact_ids == [f"id of {contact_key(lead)}"] * 2


def test_contact_tells_the_present_state(sessions: Sessions, factory: Factory, lead: Lead, crm: FakeCrm) -> None:
    finish(factory, lead, "hubspot")
    with sessions.begin() as session:
        session.execute(update(Lead).where(Lead.id == lead.id).values(last_name="Moore"))

    deliver_due(sessions, {"hubspot": crm})

    contact = crm.kept[contact_key(lead)]
    assert isinstance(contact, Contact)
    assert (contact.last_name, contact.status) == ("Moore", "interested")
    assert contact.fields == {"city": "Rome", "budget": 1200}


def test_contact_id_is_remembered(sessions: Sessions, lead: Lead, crm: FakeCrm) -> None:
    post(sessions, lead)
    deliver_due(sessions, {"hubspot": crm})

    with sessions() as session:
        assert session.scalars(select(CrmLink.external_id)).all() == [f"id of {contact_key(lead)}"]


def test_a_lead_has_the_key_of_its_campaign_and_number_whatever_its_number_in_our_table(
    lead: Lead,
) -> None:
    """After a restore the table's numbers are given again, and a list that is imported again has other ones."""
    again = Lead(id=lead.id + 1, campaign_id=lead.campaign_id, phone=lead.phone)
    other = Lead(id=lead.id, campaign_id=lead.campaign_id, phone="+12125550999")

    assert contact_key(again) == contact_key(lead)
    assert contact_key(other) != contact_key(lead)


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
