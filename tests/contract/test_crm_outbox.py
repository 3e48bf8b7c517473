"""The outbox and a CRM together: what a killed process leaves behind, and what faults do to the whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from dialer.crm.delivery import deliver_due
from dialer.crm.models import OutboxKind, OutboxRow, OutboxState
from dialer.db import Sessions
from dialer.leads.models import LeadState
from tests.contract.crm_sandbox import CrmWorld, running
from tests.contract.test_crm_promises import HASTY_S, Vendor, vendor  # noqa: F401 - a fixture
from tests.db.outbox.rows import finish
from tests.factories import Factory

DELIVER = """
import sys
from dialer import db
from dialer.crm.delivery import deliver_due
from tests.contract.test_crm_promises import VENDORS
url, crm, sandbox = sys.argv[1:]
vendor = next(vendor for vendor in VENDORS if vendor.crm == crm)
deliver_due(db.sessions(db.engine(url)), {crm: vendor.make(sandbox)})
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CrmWorld]:
    with running(tmp_path) as world:
        yield world


def post_contacts(sessions: Sessions, destination: str, *, count: int) -> None:
    factory = Factory(sessions)
    campaign = factory.campaign()
    for number in range(count):
        lead = factory.lead(campaign)
        with sessions.begin() as session:
            session.add(
                OutboxRow(
                    organization_id=lead.organization_id,
                    destination=destination,
                    kind=OutboxKind.CONTACT,
                    key=f"contact-{number}",
                    lead_id=lead.id,
                )
            )


def states(sessions: Sessions) -> set[OutboxState]:
    with sessions() as session:
        return set(session.scalars(select(OutboxRow.state)))


def hurry(sessions: Sessions) -> None:
    """Let all waits and leases be over."""
    with sessions.begin() as session:
        past = func.clock_timestamp() - text("interval '1 second'")
        session.execute(update(OutboxRow).values(next_wall=past, leased_until=past))


def killed_after_sending(database_url: str, vendor: Vendor, world: CrmWorld) -> int:  # noqa: F811
    """Let a process deliver that dies when it has sent its first row. Returns how it ended."""
    environment = os.environ | {"DIALER_CRASH_AT": "outbox.after_send", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DELIVER, database_url, vendor.crm, world.url]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


def test_process_killed_before_it_could_record_has_one_effect(
    sessions: Sessions,
    database_url: str,
    world: CrmWorld,
    vendor: Vendor,  # noqa: F811
) -> None:
    post_contacts(sessions, vendor.crm, count=1)

    assert killed_after_sending(database_url, vendor, world) == -signal.SIGKILL
    assert len(world.records(vendor.crm)) == 1
    assert states(sessions) == {OutboxState.PENDING}

    hurry(sessions)
    assert deliver_due(sessions, {vendor.crm: vendor.make(world.url)}) == 1
    assert len(world.records(vendor.crm)) == 1
    assert states(sessions) == {OutboxState.SENT}


def test_each_effect_of_an_outcome_is_one_though_each_process_is_killed_after_sending(
    sessions: Sessions,
    database_url: str,
    world: CrmWorld,
    vendor: Vendor,  # noqa: F811
) -> None:
    factory = Factory(sessions)
    finish(factory, factory.lead(factory.campaign(), state=LeadState.DONE), vendor.crm)
    effects = 3
    for _ in range(effects):
        assert killed_after_sending(database_url, vendor, world) == -signal.SIGKILL
        hurry(sessions)
        assert deliver_due(sessions, {vendor.crm: vendor.make(world.url)}, limit=1) == 1

    assert states(sessions) == {OutboxState.SENT}
    assert len(world.records(vendor.crm)) == effects


def test_everything_arrives_once_through_faults(
    sessions: Sessions,
    world: CrmWorld,
    vendor: Vendor,  # noqa: F811
) -> None:
    post_contacts(sessions, vendor.crm, count=4)
    crm = vendor.make(world.url)
    crm.prepare()
    faults = ("rate_limited", "unwell", "silent_after_write")
    world.faults.plan = world.faults.plan.model_copy(
        update={"rates": {f"{vendor.crm}.{fault}": 0.3 for fault in faults}}
    )
    rounds = 0
    while states(sessions) != {OutboxState.SENT}:
        rounds += 1
        assert rounds < 40
        deliver_due(sessions, {vendor.crm: crm})
        hurry(sessions)

    assert rounds > 1  # the faults did strike
    assert len(world.records(vendor.crm)) == 4
