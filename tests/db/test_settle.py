"""After a restore: no attempt is made twice, no opt-out is lost, and dialing stays shut until it is settled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from dialer import audit, wiring
from dialer.calls import gap_settling, gate, restoring
from dialer.calls.gap_settling import Restored, Settled
from dialer.calls.models import Call, CallMove, Direction, Purpose, Stray
from dialer.calls.states import CallState
from dialer.campaigns.models import CampaignMove, CampaignState
from dialer.errors import CarrierSilent, Conflict
from dialer.leads import optout
from dialer.leads.journal import Journal
from dialer.leads.models import Lead, LeadState, Suppression
from dialer.outcomes.models import Outcome
from dialer.telephony.base import CarrierStatus
from tests.db.engine import SECRET, CampaignEngine
from tests.db.test_cli_leads import dialer  # noqa: F401 - a fixture
from tests.factories import NOON, Factory

TABLES = ("outbox", "follow_ups", "outcomes", "call_moves", "calls", "lead_moves")


@pytest.fixture
def restored(engine_room: CampaignEngine, tmp_path: Path) -> Restored:
    journal = Journal(tmp_path / "journal" / "opt-outs.jsonl")
    return Restored(engine_room.settling, journal, tmp_path / "recordings", SECRET)


@pytest.fixture
def lead(factory: Factory) -> Lead:
    return factory.lead(factory.campaign())


def dial(engine_room: CampaignEngine, status: CarrierStatus = CarrierStatus.COMPLETED) -> UUID:
    """Call the one lead that is due; the carrier then says how that stands."""
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    carrier_id = engine_room.call(call_id).carrier_id
    assert carrier_id is not None
    call = engine_room.carrier.calls[carrier_id]
    over = {"status": status, "duration_s": 40 if status is CarrierStatus.COMPLETED else None}
    engine_room.carrier.calls[carrier_id] = replace(call, **over)
    return call_id


def go_back(engine_room: CampaignEngine) -> None:
    """Put the database back to before the first call; dialing is shut as soon as that is noticed."""
    with engine_room.sessions.begin() as session:
        for table in TABLES:
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("DELETE FROM suppressions"))
        session.execute(
            text("UPDATE leads SET state = 'due', reason = '', attempts = 0, disposition = NULL, due_at = :at"),
            {"at": NOON - timedelta(minutes=1)},
        )
    notice(engine_room)


def notice(engine_room: CampaignEngine) -> None:
    assert restoring.compare(engine_room.sessions, engine_room.carrier, grace_s=900.0)
    with engine_room.sessions() as session:
        assert gate.is_shut(session)


def reopen(engine_room: CampaignEngine) -> None:
    with engine_room.sessions.begin() as session:
        gate.open_gate(session, by="test", why="settled")


def rows(engine_room: CampaignEngine) -> dict[str, int]:
    with engine_room.sessions() as session:
        return {name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in (*TABLES, "suppressions")}


def settle(restored: Restored) -> Settled:
    return gap_settling.settle(restored)


def test_call_of_the_gap_gets_its_row_back(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    call_id = dial(engine_room)
    before = engine_room.call(call_id)
    go_back(engine_room)

    (made,) = settle(restored).made

    call = engine_room.call(call_id)
    assert (made.call_id, call.carrier_id, call.lead_id, call.attempt) == (call_id, before.carrier_id, lead.id, 1)
    assert call.state is CallState.ENDED
    assert engine_room.lead(lead.id).attempts == 1
    with engine_room.sessions() as session:
        assert set(session.scalars(select(CallMove.by).where(CallMove.call_id == call_id))) == {"dialer settle"}
        assert session.get(Outcome, call_id) is not None


def test_second_time_changes_nothing(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    dial(engine_room)
    go_back(engine_room)
    settle(restored)
    before = rows(engine_room)

    again = settle(restored)

    assert (again.made, again.held, again.known) == ([], [], 1)
    assert rows(engine_room) == before


def test_lead_is_not_dialed_again_for_its_attempt(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    dial(engine_room, CarrierStatus.IN_PROGRESS)
    go_back(engine_room)
    assert engine_room.claim() == []

    settle(restored)
    reopen(engine_room)

    assert engine_room.claim() == []
    assert engine_room.lead(lead.id).state is LeadState.IN_FLIGHT
    assert restoring.compare(engine_room.sessions, engine_room.carrier, grace_s=900.0) == []
    assert len(engine_room.carrier.placed) == 1


def test_laws_hold_by_the_carriers_own_list(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    dial(engine_room)
    go_back(engine_room)
    settle(restored)
    with engine_room.sessions.begin() as session:
        session.add(
            CampaignMove(campaign_id=lead.campaign_id, state=CampaignState.RUNNING, at=NOON, by="test", why="started")
        )

    with engine_room.sessions() as session:
        laws = audit.laws(session, carrier=engine_room.carrier)

    assert {name: count for name, count in laws.items() if count} == {}


def test_call_that_the_restored_rows_have_claimed_is_sent_on(
    engine_room: CampaignEngine, lead: Lead, restored: Restored
) -> None:
    (call_id,) = engine_room.claim()
    sid = engine_room.carrier.add(lead.phone, engine_room.call(call_id).from_number, CarrierStatus.RINGING)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/status/{call_id}"]
    notice(engine_room)

    settle(restored)
    engine_room.place(call_id)

    assert engine_room.call(call_id).state is CallState.RINGING
    assert engine_room.lead(lead.id).attempts == 1
    assert engine_room.carrier.placed == []


def test_what_is_claimed_when_a_restore_is_noticed_stays_so_until_it_is_settled(
    engine_room: CampaignEngine, lead: Lead, restored: Restored
) -> None:
    """It may have been dialed in the gap, and its effects at the CRMs bear its id."""
    (call_id,) = engine_room.claim()
    sid = engine_room.carrier.add(lead.phone, engine_room.call(call_id).from_number, CarrierStatus.BUSY)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/status/{call_id}"]
    notice(engine_room)

    engine_room.place(call_id)
    assert engine_room.call(call_id).state is CallState.CLAIMED
    (made,) = settle(restored).made

    assert made.call_id == call_id
    assert engine_room.call(call_id).state is CallState.ENDED
    assert engine_room.carrier.placed == []


def test_what_was_claimed_and_not_dialed_is_dialed_when_dialing_is_opened(
    engine_room: CampaignEngine, lead: Lead
) -> None:
    (call_id,) = engine_room.claim()
    with engine_room.sessions.begin() as session:
        gate.shut(session, by=gate.RESTORE, why="another cluster")
    engine_room.place(call_id)

    with engine_room.sessions.begin() as session:
        gate.open_gate(session, by="Ann", why="settled")
    engine_room.place(call_id)

    assert [order.to_number for order in engine_room.carrier.placed] == [lead.phone]


def test_call_that_the_shut_gate_took_back_counts_all_the_same(
    engine_room: CampaignEngine, lead: Lead, restored: Restored
) -> None:
    """Dialing was stopped by hand before the restored rows were looked at."""
    (call_id,) = engine_room.claim()
    sid = engine_room.carrier.add(lead.phone, engine_room.call(call_id).from_number, CarrierStatus.BUSY)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/status/{call_id}"]
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="Ann", why="restore")
    engine_room.place(call_id)
    with engine_room.sessions.begin() as session:  # a callback came before the settling did
        session.add(Stray(carrier_id=sid, call_id=call_id, at=NOON, why="call is withdrawn"))

    (made,) = settle(restored).made

    assert engine_room.call(call_id).state is CallState.WITHDRAWN
    assert (made.lead_id, made.attempt) == (lead.id, 1)
    assert engine_room.lead(lead.id).attempts == 1
    with engine_room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Stray)) == 0


def test_two_calls_of_one_lead_are_two_attempts(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    first = dial(engine_room, CarrierStatus.BUSY)
    sid = engine_room.call(first).carrier_id or ""
    second = UUID(int=7)
    later = engine_room.carrier.add(lead.phone, engine_room.call(first).from_number, CarrierStatus.NO_ANSWER)
    engine_room.carrier.urls[later] = [f"https://dialer.test/voice/status/{second}"]
    engine_room.carrier.calls = {name: engine_room.carrier.calls[name] for name in (later, sid)}  # newest first
    go_back(engine_room)

    settle(restored)

    assert [engine_room.call(call_id).attempt for call_id in (first, second)] == [1, 2]
    assert engine_room.lead(lead.id).attempts == 2


def test_call_to_a_number_of_no_lead_is_kept_without_one(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored
) -> None:
    dial(engine_room)
    sid = engine_room.carrier.add("+12125559999", factory.caller_id.phone, CarrierStatus.COMPLETED)
    go_back(engine_room)

    done = settle(restored)

    with engine_room.sessions() as session:
        call = session.scalars(select(Call).where(Call.carrier_id == sid)).one()
    assert (call.lead_id, call.purpose, call.state) == (None, Purpose.TEST, CallState.ENDED)
    assert any("+12125559999" in line for line in done.lost)


def test_call_that_asked_somebody_else_is_let_be(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored
) -> None:
    dial(engine_room)
    sid = engine_room.carrier.add("+12125559999", factory.caller_id.phone)
    engine_room.carrier.urls[sid] = ["https://somebody.test/else"]
    go_back(engine_room)

    done = settle(restored)

    assert (done.foreign, len(done.made)) == (1, 1)


def test_call_that_cannot_be_asked_about_hides_no_other(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = dial(engine_room)
    sid = engine_room.carrier.add("+12125559999", factory.caller_id.phone, created_at=NOON - timedelta(days=365))
    go_back(engine_room)
    asked = engine_room.carrier.asked_urls

    def silent(carrier_id: str) -> list[str]:
        if carrier_id == sid:
            raise CarrierSilent("no answer")
        return asked(carrier_id)

    monkeypatch.setattr(engine_room.carrier, "asked_urls", silent)

    done = settle(restored)

    assert [made.call_id for made in done.made] == [call_id]
    assert [sid in line for line in done.held] == [True]


def test_opt_out_of_the_gap_is_suppressed_again(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored
) -> None:
    call_id = dial(engine_room)
    optout.opt_out(
        engine_room.sessions,
        factory.organization.id,
        [lead.phone],
        how="digit 9",
        source="digit",
        by="test",
        secret=SECRET,
        call_id=call_id,
        journal=restored.journal,
        at=NOON,
    )
    go_back(engine_room)

    done = settle(restored)

    assert done.opt_outs_imported == 1
    with engine_room.sessions() as session:
        row = session.scalars(select(Suppression)).one()
        assert (row.phone, row.reason, row.source, row.call_id, row.at) == (
            lead.phone, "digit 9", "digit", call_id, NOON
        )  # fmt: skip
        assert session.get_one(Outcome, call_id).disposition == "do_not_call"
    reopen(engine_room)
    assert engine_room.claim() == []
    assert settle_again(engine_room, restored).opt_outs_imported == 0


def settle_again(engine_room: CampaignEngine, restored: Restored) -> Settled:
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="again")
    return settle(restored)


def test_journal_gets_what_it_lacked(engine_room: CampaignEngine, factory: Factory, restored: Restored) -> None:
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="a restore")
    engine_room.opt_out(factory.organization.id, "+12125550188", "words", None, "test")

    assert settle(restored).opt_outs_journaled == 1
    assert settle(restored).opt_outs_journaled == 0
    assert [entry.phone for entry in restored.journal.entries() if entry] == ["+12125550188"]


def test_dials_after_an_unnoticed_restore_do_not_hide_the_gap(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored
) -> None:
    """A recording that no row has tells how far back to look."""
    factory.call(state=CallState.ENDED, carrier_id="CA-after", dialing_wall=NOON + timedelta(days=400))
    restored.recordings.mkdir()
    (restored.recordings / f"{UUID(int=9)}-1.wav").write_bytes(b"RIFF")
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="a restore")

    done = settle(restored)

    assert done.since < NOON + timedelta(days=399)
    assert any(str(UUID(int=9)) in line for line in done.lost)


def test_settling_that_died_half_way_looks_as_far_back_again(
    engine_room: CampaignEngine, factory: Factory, restored: Restored
) -> None:
    campaign = factory.campaign()
    factory.lead(campaign)
    dial(engine_room)
    factory.lead(campaign)
    dial(engine_room)
    go_back(engine_room)
    first = settle(restored)
    with engine_room.sessions.begin() as session:  # the second row was never made
        lost = first.made[1].call_id
        for table, column in (
            ("outbox", "call_id"),
            ("outcomes", "call_id"),
            ("call_moves", "call_id"),
            ("calls", "id"),
        ):
            session.execute(text(f"DELETE FROM {table} WHERE {column} = :id"), {"id": lost})

    second = settle(restored)

    assert second.since == first.since
    assert [made.call_id for made in second.made] == [lost]


def test_unknown_call_keeps_it_unsettled(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    (call_id,) = engine_room.claim()
    with engine_room.sessions.begin() as session:
        session.execute(
            text("UPDATE calls SET state = 'dialing', dialing_at = :at, dialing_wall = clock_timestamp()"), {"at": NOON}
        )
        session.execute(text("UPDATE calls SET state = 'unknown'"))
        gate.shut(session, by="test", why="a restore")

    assert any(str(call_id) in line for line in settle(restored).held)


def test_it_refuses_while_dialing_is_allowed(restored: Restored) -> None:
    with pytest.raises(Conflict, match="stop-dialing"):
        settle(restored)


def test_command_settles_and_opens(
    dialer,  # noqa: F811
    engine_room: CampaignEngine,
    lead: Lead,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dial(engine_room)
    go_back(engine_room)
    monkeypatch.setattr(wiring, "carrier", lambda _: engine_room.carrier)

    code, out, err = dialer("settle")
    assert code == 0
    assert "resume-dialing" in err
    code, out, _ = dialer("settle", "--open", "--why", "settled", "--json")

    assert code == 0
    assert (json.loads(out)["made"], json.loads(out)["dialing"]) == ([], "allowed")
    with engine_room.sessions() as session:
        assert not gate.is_shut(session)
        assert session.scalar(select(func.count()).where(Call.direction == Direction.OUTBOUND)) == 1
