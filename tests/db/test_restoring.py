"""A restored database is noticed by the calls that the carrier has and no row knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, update

from dialer.calls import gap_settling, gate, restoring
from dialer.calls.gap_settling import Restored
from dialer.calls.models import Call, Stray
from dialer.calls.states import CallState
from dialer.errors import CarrierSilent
from dialer.leads.journal import Entry, Journal
from dialer.leads.models import Suppression
from dialer.leads.suppression import phone_hash
from tests.db.engine import SECRET, CampaignEngine
from tests.factories import NOON, Factory


@pytest.fixture
def claimed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    return call_id


def shuts(engine_room: CampaignEngine) -> bool:
    restoring.compare(engine_room.sessions, engine_room.carrier, grace_s=900.0)
    with engine_room.sessions() as session:
        return gate.is_shut(session)


def had(engine_room: CampaignEngine, call_id: UUID) -> str:
    """Let the carrier have a call that the row does not know of."""
    call = engine_room.call(call_id)
    sid = engine_room.carrier.add(call.to_number, call.from_number)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/answer/{call_id}"]
    return sid


def test_all_is_well(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)

    assert not shuts(engine_room)


def test_a_call_that_the_rows_have_only_claimed_is_noticed(engine_room: CampaignEngine, claimed: UUID) -> None:
    had(engine_room, claimed)

    assert shuts(engine_room)


def test_a_call_that_is_recorded_while_it_is_looked_for_is_nothing_to_notice(
    engine_room: CampaignEngine, claimed: UUID
) -> None:
    engine_room.carrier.fails, engine_room.carrier.accepts_first = [CarrierSilent("no reply")], True
    engine_room.place(claimed)
    (carrier_id,), to_number = engine_room.carrier.calls, engine_room.call(claimed).to_number
    engine = engine_room.sessions.kw["bind"]
    told = {"carrier_id": carrier_id, "state": CallState.PLACED}

    def record(*seen: Any) -> None:
        if told and any(value in str(seen[3]) for value in (carrier_id, to_number)):
            values = dict(told)
            told.clear()
            with engine_room.sessions.begin() as session:
                session.execute(update(Call).where(Call.id == claimed).values(**values))

    event.listen(engine, "after_cursor_execute", record)
    try:
        assert not shuts(engine_room)
    finally:
        event.remove(engine, "after_cursor_execute", record)
    assert not told, "nobody looked for the call"


def test_the_leg_of_a_transfer_is_nothing_to_notice(engine_room: CampaignEngine, claimed: UUID) -> None:
    sid = engine_room.carrier.add("+12125550190", engine_room.call(claimed).from_number)
    engine_room.carrier.calls[sid] = replace(engine_room.carrier.calls[sid], direction="outbound-dial")

    assert not shuts(engine_room)


def set_aside(engine_room: CampaignEngine, call_id: UUID) -> None:
    """Let the carrier have a call that was set aside as a stray when its callback came."""
    sid = had(engine_room, call_id)
    with engine_room.sessions.begin() as session:
        session.add(Stray(carrier_id=sid, call_id=call_id, at=NOON, why="test"))


def test_a_second_call_that_is_known_as_a_stray_is_nothing_to_notice(
    engine_room: CampaignEngine, claimed: UUID
) -> None:
    engine_room.place(claimed)
    set_aside(engine_room, claimed)

    assert not shuts(engine_room)


def test_a_stray_of_a_call_that_was_never_sent_is_noticed(engine_room: CampaignEngine, claimed: UUID) -> None:
    set_aside(engine_room, claimed)

    assert shuts(engine_room)


@dataclass
class Forgotten:
    """A database and a journal that may know more than it."""

    room: CampaignEngine
    restored: Restored
    organization_id: UUID
    phone: str

    def said(self, ago: timedelta, organization_id: UUID | None = None) -> Entry:
        """Let the journal have an opt-out that no row has."""
        at = datetime.now(UTC) - ago
        entry = Entry(
            organization_id or self.organization_id, self.phone, phone_hash(SECRET, self.phone), "digit 9", "digit",
            None, at, at,
        )  # fmt: skip
        self.restored.journal.append([entry])
        return entry

    def compare(self) -> list[str]:
        return restoring.compare(self.room.sessions, self.room.carrier, grace_s=900.0, restored=self.restored)

    def is_shut(self) -> bool:
        with self.room.sessions() as session:
            return gate.is_shut(session)

    def suppressed(self) -> list[tuple[str | None, str, str]]:
        with self.room.sessions() as session:
            return [
                tuple(row) for row in session.execute(select(Suppression.phone, Suppression.reason, Suppression.source))
            ]


@pytest.fixture
def forgotten(engine_room: CampaignEngine, factory: Factory, tmp_path: Path) -> Forgotten:
    lead = factory.lead(factory.campaign())
    journal = Journal(tmp_path / "journal" / "opt-outs.jsonl")
    restored = Restored(engine_room.settling, journal, tmp_path / "recordings", SECRET)
    return Forgotten(engine_room, restored, lead.organization_id, lead.phone)


def test_an_opt_out_that_only_the_journal_has_is_noticed_and_made_again_by_settling(forgotten: Forgotten) -> None:
    said = forgotten.said(timedelta(hours=2))

    assert forgotten.compare()
    assert forgotten.is_shut()

    assert gap_settling.settle(forgotten.restored).opt_outs_imported == 1
    assert forgotten.suppressed() == [(said.phone, "digit 9", "digit")]
    assert forgotten.compare() == [], "it has its row now"


def test_settling_looks_back_as_far_as_the_opt_out_by_which_a_restore_was_noticed(
    forgotten: Forgotten, factory: Factory
) -> None:
    """Dials after the restore make the newest row younger than the gap."""
    said = forgotten.said(timedelta(hours=2))
    factory.call(state=CallState.ENDED, carrier_id="CA1", dialing_wall=said.wall + timedelta(hours=1))

    assert forgotten.compare()

    assert gap_settling.settle(forgotten.restored).since < said.wall


def test_an_opt_out_that_may_be_under_way_is_no_restore(forgotten: Forgotten) -> None:
    said = forgotten.said(timedelta(seconds=5))

    assert forgotten.compare() == []

    assert not forgotten.is_shut()
    assert forgotten.suppressed() == [(said.phone, "digit 9", "digit")]


def test_an_opt_out_whose_commit_failed_is_no_restore(forgotten: Forgotten, factory: Factory) -> None:
    """The rows have what happened right after it."""
    said = forgotten.said(timedelta(hours=2))
    factory.call(state=CallState.ENDED, carrier_id="CA1", closed_wall=said.wall + timedelta(seconds=20))

    assert forgotten.compare() == []

    assert not forgotten.is_shut()
    assert forgotten.suppressed() == [(said.phone, "digit 9", "digit")]


def test_an_opt_out_of_an_organization_that_is_gone_stops_nobody(forgotten: Forgotten) -> None:
    forgotten.said(timedelta(hours=2), uuid4())

    assert forgotten.compare() == []
    assert not forgotten.is_shut()


def test_a_journal_that_cannot_be_read_hides_no_call(forgotten: Forgotten, engine_room: CampaignEngine) -> None:
    forgotten.restored.journal.path.mkdir(parents=True)
    (call_id,) = engine_room.claim()
    had(engine_room, call_id)

    assert forgotten.compare()
    assert forgotten.is_shut()
