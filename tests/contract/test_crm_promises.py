"""Every CRM, through its real SDK over HTTP, against the same promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.crm.base import Activity, Contact, Crm, Task
from dialer.crm.hubspot import HubSpot
from dialer.crm.salesforce import Salesforce
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from tests.contract.crm_sandbox import CrmWorld, running
from tests.contract.sandbox_part import unused_port

PATIENT_S = (3.0, 10.0)
HASTY_S = (3.0, 1.5)
"""For a vendor that never answers; the requests that are answered must fit, too, on a machine that is busy."""
CONTACT = Contact(
    key="lead-17",
    phone="+12125550117",
    first_name="Sam",
    last_name="Lee",
    company="Lee Ltd",
    email="sam@lee.example",
    status="interested",
    fields={"budget": 1200},
)
ACTIVITY = Activity(
    key="call-0b7e",
    at=datetime(2026, 11, 24, 15, 4, tzinfo=UTC),
    direction="outbound",
    from_number="+16465550100",
    to_number="+12125550117",
    duration_s=42,
    disposition="interested",
    summary="Wants a visit.",
    carrier_id="CA1",
)
TASK = Task(
    key="task-9d1c",
    subject="Call Sam Lee",
    body="Wants a visit.",
    due_at=datetime(2026, 11, 25, 15, tzinfo=UTC),
    owner="",
    priority="high",
)


@dataclass(frozen=True)
class Vendor:
    """How one CRM is made, and what it calls things."""

    crm: str
    make: Callable[..., Crm]
    contact: str
    activity: str
    task: str
    owner_field: str
    owner: str


def make_hubspot(url: str, *, token: str = "sandbox", **more: object) -> HubSpot:
    return HubSpot(token, f"{url}/hubspot", **({"timeout_s": PATIENT_S} | more))  # type: ignore[arg-type]


def make_salesforce(url: str, *, token: str = "sandbox", **more: object) -> Salesforce:
    values = {"base_url": f"{url}/salesforce", "timeout_s": PATIENT_S} | more
    return Salesforce("key", token, "acme.my", **values)  # type: ignore[arg-type]


VENDORS = (
    Vendor("hubspot", make_hubspot, "contacts", "calls", "tasks", "hubspot_owner_id", "5001"),
    Vendor("salesforce", make_salesforce, "Lead", "Task", "Task", "OwnerId", "005000000000001AAA"),
)


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.crm)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    chosen: Vendor = request.param
    return chosen


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CrmWorld]:
    with running(tmp_path) as world:
        yield world


@pytest.fixture
def crm(vendor: Vendor, world: CrmWorld) -> Crm:
    return vendor.make(world.url)


def test_contact_call_and_task_are_tied_together(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    contact_id = crm.upsert_contact(CONTACT)
    call_id = crm.log_call(ACTIVITY, contact_id)
    task_id = crm.add_task(TASK, contact_id)

    kept = {record["id"]: record for record in world.records(vendor.crm)}
    assert set(kept) == {contact_id, call_id, task_id}
    for tied in (kept[call_id], kept[task_id]):
        ties = [link["id"] for link in tied["links"]] or [tied["properties"]["WhoId"]]
        assert ties == [contact_id]


def test_same_key_twice_is_one_record(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    ids = []
    for _ in range(2):
        contact_id = crm.upsert_contact(CONTACT)
        ids.append((contact_id, crm.log_call(ACTIVITY, contact_id), crm.add_task(TASK, contact_id)))

    assert ids[0] == ids[1]
    assert len(world.records(vendor.crm)) == 3
    for key in (CONTACT.key, ACTIVITY.key, TASK.key):
        first, *later = [line["created"] for line in world.writes(key)]
        assert (first, any(later)) == (True, False)


def test_lost_reply_and_a_second_send_have_one_effect(vendor: Vendor, world: CrmWorld) -> None:
    crm = vendor.make(world.url, timeout_s=HASTY_S)
    crm.prepare()
    contact_id = crm.upsert_contact(CONTACT)
    sends: list[Callable[[], str]] = [
        lambda: crm.upsert_contact(replace(CONTACT, key="lead-18", email="kim@lee.example")),
        lambda: crm.log_call(ACTIVITY, contact_id),
        lambda: crm.add_task(TASK, contact_id),
    ]
    for send in sends:
        before = len(world.records(vendor.crm))
        world.always(f"{vendor.crm}.silent_after_write")
        with pytest.raises(VendorSilent):
            send()
        world.always()
        send()
        assert len(world.records(vendor.crm)) == before + 1


def test_present_state_replaces_the_old(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    crm.upsert_contact(CONTACT)
    crm.upsert_contact(replace(CONTACT, phone="+12125550199"))

    (kept,) = world.records(vendor.crm, vendor.contact)
    assert "+12125550199" in kept["properties"].values()


def test_what_we_do_not_know_erases_nothing(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    crm.upsert_contact(CONTACT)
    before = world.records(vendor.crm, vendor.contact)[0]["properties"]

    crm.upsert_contact(Contact(key=CONTACT.key, phone=CONTACT.phone))

    assert world.records(vendor.crm, vendor.contact)[0]["properties"] == before


def test_lead_without_a_name_is_taken(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    crm.upsert_contact(Contact(key="lead-3", phone="+12125550103"))

    assert len(world.records(vendor.crm, vendor.contact)) == 1


def test_task_goes_to_the_owner_of_the_integration(vendor: Vendor, world: CrmWorld) -> None:
    crm = vendor.make(world.url, owner_id=vendor.owner)
    task_id = crm.add_task(TASK, crm.upsert_contact(CONTACT))

    (task,) = [record for record in world.records(vendor.crm) if record["id"] == task_id]
    assert task["properties"][vendor.owner_field] == vendor.owner


@pytest.mark.parametrize("email", ["sam@sales.example", "nobody@sales.example"])
def test_owner_named_by_email_is_found(vendor: Vendor, world: CrmWorld, email: str) -> None:
    crm = vendor.make(world.url, owner_id="" if email.startswith("sam") else vendor.owner)
    crm.add_task(replace(TASK, owner=email), crm.upsert_contact(CONTACT))

    assert world.records(vendor.crm)[-1]["properties"][vendor.owner_field] == vendor.owner


@pytest.mark.parametrize("column", ["email", "firstname", "hs_object_id", "Status", "OwnerId", "LastName"])
def test_csv_column_named_like_a_field_changes_nothing_there(
    crm: Crm, vendor: Vendor, world: CrmWorld, column: str
) -> None:
    crm.upsert_contact(CONTACT)
    before = world.records(vendor.crm)[0]["properties"]

    crm.upsert_contact(replace(CONTACT, fields={column: "nonsense"}))

    after = world.records(vendor.crm)[0]["properties"]
    assert {name for name in after if after[name] != before.get(name)} <= {"dialer_details", "Dialer_Details__c"}


def test_too_long_a_name_costs_no_record(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    crm.upsert_contact(replace(CONTACT, first_name="Sam" * 50))

    assert len(world.records(vendor.crm, vendor.contact)) == 1


def test_unknown_owner_is_refused(crm: Crm) -> None:
    with pytest.raises(VendorRefused, match=r"(?i)owner"):
        crm.add_task(replace(TASK, owner="999"), crm.upsert_contact(CONTACT))


def test_invalid_email_is_refused(crm: Crm) -> None:
    with pytest.raises(VendorRefused, match=r"(?i)email"):
        crm.upsert_contact(replace(CONTACT, email="none"))


def test_unknown_contact_is_refused(crm: Crm) -> None:
    with pytest.raises(VendorRefused):
        crm.log_call(ACTIVITY, "404")


def test_wrong_credentials_are_refused(vendor: Vendor, world: CrmWorld) -> None:
    with pytest.raises(VendorRefused):
        vendor.make(world.url, token="wrong").check()


def test_rate_limit_says_how_long_to_wait(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    crm.prepare()
    world.always(f"{vendor.crm}.rate_limited")

    with pytest.raises(VendorBusy) as busy:
        crm.upsert_contact(CONTACT)

    assert busy.value.wait_s == {"hubspot": 10.0, "salesforce": 60.0}[vendor.crm]
    assert world.records(vendor.crm) == []


@pytest.mark.parametrize("prepared", [True, False])
def test_unwell_vendor_is_busy(crm: Crm, vendor: Vendor, world: CrmWorld, *, prepared: bool) -> None:
    if prepared:
        crm.prepare()
    world.always(f"{vendor.crm}.unwell")

    with pytest.raises(VendorBusy):
        crm.upsert_contact(CONTACT)


def test_nobody_listening_is_busy(vendor: Vendor) -> None:
    with pytest.raises(VendorBusy):
        vendor.make(f"http://127.0.0.1:{unused_port()}").check()


def test_check_names_the_account(crm: Crm, vendor: Vendor) -> None:
    assert vendor.crm in crm.check().lower()


def test_records_outlive_the_world(vendor: Vendor, tmp_path: Path) -> None:
    with running(tmp_path) as world:
        crm = vendor.make(world.url)
        contact_id = crm.upsert_contact(CONTACT)
        crm.log_call(ACTIVITY, contact_id)
        before = world.records(vendor.crm)

    with running(tmp_path) as world:
        assert world.records(vendor.crm) == before
        assert vendor.make(world.url).upsert_contact(CONTACT) == contact_id


def test_session_that_ends_is_renewed_once(world: CrmWorld) -> None:
    crm = make_salesforce(world.url)
    crm.prepare()
    world.always("salesforce.session_over")

    with pytest.raises(VendorBusy, match="INVALID_SESSION_ID"):
        crm.upsert_contact(CONTACT)

    world.always()
    assert crm.upsert_contact(CONTACT)


def test_locked_row_is_busy(world: CrmWorld) -> None:
    crm = make_salesforce(world.url)
    crm.prepare()
    world.always("salesforce.row_locked")

    with pytest.raises(VendorBusy):
        crm.upsert_contact(CONTACT)


def test_record_that_somebody_makes_at_the_same_moment_is_updated(world: CrmWorld) -> None:
    world.always("salesforce.raced")

    contact_id = make_salesforce(world.url).upsert_contact(CONTACT)

    assert [record["id"] for record in world.records("salesforce", "Lead")] == [contact_id]


def test_repeated_task_is_not_reopened(crm: Crm, vendor: Vendor, world: CrmWorld) -> None:
    contact_id = crm.upsert_contact(CONTACT)
    crm.add_task(TASK, contact_id)
    before = world.records(vendor.crm)[-1]["properties"]

    crm.add_task(TASK, contact_id)

    assert world.records(vendor.crm)[-1]["properties"] == before


def test_contact_that_the_account_already_had_is_adopted(world: CrmWorld) -> None:
    crm = make_hubspot(world.url)
    crm.upsert_contact(Contact(key="by-hand", phone="+12125550117", email="sam@lee.example"))

    crm.upsert_contact(CONTACT)

    (kept,) = world.records("hubspot", "contacts")
    assert kept["properties"]["company"] == "Lee Ltd"
    assert kept["properties"]["dialer_lead_id"] == "by-hand"


@pytest.mark.parametrize(
    ("disposition", "label", "status"),
    [
        ("interested", "Connected", "COMPLETED"),
        ("voicemail", "Left voicemail", "COMPLETED"),
        ("busy", "Busy", "BUSY"),
        ("no_answer", "No answer", "NO_ANSWER"),
    ],
)
def test_disposition_is_the_accounts_own(world: CrmWorld, disposition: str, label: str, status: str) -> None:
    from dialer.sandbox.crm.hubspot_schema import DISPOSITIONS

    crm = make_hubspot(world.url)
    crm.log_call(replace(ACTIVITY, disposition=disposition), crm.upsert_contact(CONTACT))

    (call,) = world.records("hubspot", "calls")
    assert DISPOSITIONS[call["properties"]["hs_call_disposition"]] == label
    assert call["properties"]["hs_call_status"] == status
    assert call["properties"]["hs_call_duration"] == "42000"
