"""`dialer outbox`: what was given up on is shown with its error, and sent again on demand."""

from __future__ import annotations

import json

import pytest

from dialer.crm.delivery import deliver_due
from dialer.crm.models import OutboxState
from dialer.db import Sessions
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.leads.models import Lead, LeadState
from tests.db.outbox.rows import FakeCrm, row_of, wait_s
from tests.db.outbox.rows import post as put
from tests.db.test_cli_leads import dialer  # noqa: F401 - a fixture
from tests.db.test_sending import Post, ScriptedMessenger, post  # noqa: F401 - a fixture
from tests.factories import Factory


@pytest.fixture
def lead(factory: Factory) -> Lead:
    return factory.lead(factory.campaign(), state=LeadState.DONE)


@pytest.fixture
def parked(sessions: Sessions, lead: Lead) -> int:
    """A row that HubSpot has refused."""
    row_id = put(sessions, lead)
    deliver_due(sessions, {"hubspot": FakeCrm(errors=[VendorRefused("hubspot", "INVALID_EMAIL", "no e-mail address")])})
    return row_id


def test_list_shows_what_is_parked_and_why(dialer, sessions: Sessions, lead: Lead, parked: int) -> None:  # noqa: F811
    put(sessions, lead)

    code, out, _ = dialer("outbox", "list", "--json")

    (row,) = json.loads(out.splitlines()[-1])["rows"]
    assert code == 0
    assert (row["id"], row["state"], row["tries"]) == (parked, "parked", 1)
    assert "INVALID_EMAIL" in row["error"]


def test_list_shows_it_to_people_as_well(dialer, parked: int) -> None:  # noqa: F811
    _, out, _ = dialer("outbox", "list")

    assert "parked" in out


def test_retry_sends_it_again(dialer, sessions: Sessions, parked: int) -> None:  # noqa: F811
    code, out, _ = dialer("outbox", "retry", "--json")

    assert (code, json.loads(out)) == (0, {"retried": 1, "left": []})
    assert deliver_due(sessions, {"hubspot": FakeCrm()}) == 1
    assert row_of(sessions, parked).state is OutboxState.SENT


def test_retry_of_one_leaves_the_others(dialer, sessions: Sessions, lead: Lead, parked: int) -> None:  # noqa: F811
    other = put(sessions, lead, state=OutboxState.PARKED)

    dialer("outbox", "retry", parked)

    assert row_of(sessions, other).state is OutboxState.PARKED
    assert row_of(sessions, parked).state is OutboxState.PENDING


def test_what_may_have_been_sent_is_sent_again_only_by_its_id(dialer, post: Post) -> None:  # noqa: F811
    post.messenger = ScriptedMessenger("email", [VendorSilent("email", "cut")], takes_it_first=True, can_tell=False)
    post.room.want("send_email", subject="Your offer", message="As agreed.")
    post.send()
    row = post.send()
    assert row.state is OutboxState.PARKED

    _, out, _ = dialer("outbox", "retry", "--json")
    assert json.loads(out.splitlines()[-1]) == {"retried": 0, "left": [row.id]}
    assert post.send().state is OutboxState.PARKED
    assert len(post.messenger.taken) == 1

    _, out, err = dialer("outbox", "retry")
    assert f"dialer outbox retry {row.id}" in err

    dialer("outbox", "retry", row.id)
    assert post.send().state is OutboxState.SENT
    assert len(post.messenger.taken) == 2


def test_what_was_not_sent_for_sure_needs_no_id(dialer, post: Post) -> None:  # noqa: F811
    post.messenger = ScriptedMessenger("email", [VendorRefused("email", "550", "no such mailbox")])
    post.room.want("send_email", subject="Your offer", message="As agreed.")
    assert post.send().state is OutboxState.PARKED

    dialer("outbox", "retry")

    assert post.send().state is OutboxState.SENT


def test_crm_that_is_too_busy_slows_itself_only(sessions: Sessions, factory: Factory) -> None:
    leads = [factory.lead(factory.campaign(), state=LeadState.DONE) for _ in range(3)]
    busy = [put(sessions, lead) for lead in leads]
    brisk = [put(sessions, lead, destination="salesforce") for lead in leads]
    crms = {"hubspot": FakeCrm(errors=[VendorBusy("hubspot", "429", wait_s=60)]), "salesforce": FakeCrm("salesforce")}

    assert deliver_due(sessions, crms) == 3

    assert [row_of(sessions, row_id).state for row_id in brisk] == [OutboxState.SENT] * 3
    assert all(wait_s(sessions, row_id) > 55 for row_id in busy)
    assert len(crms["hubspot"].sent) == 1
