"""Outbox rows that a CRM refuses, slows down or leaves without an answer."""

from __future__ import annotations

import pytest

from dialer.crm import delivery
from dialer.crm.base import Contact
from dialer.crm.delivery import deliver_due, retry
from dialer.crm.models import OutboxState
from dialer.db import Sessions
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.leads.models import Lead
from tests.db.outbox.rows import FakeCrm, make_due, post, row_of, wait_s
from tests.factories import Factory, other_organization


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
