"""After a restore: no opt-out is lost, and dialing stays shut until everything is settled."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from dialer.calls import gate
from dialer.calls.gap_settling import Restored
from dialer.calls.models import Call, Direction
from dialer.calls.states import CallState
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.errors import Conflict
from dialer.leads import optout
from dialer.leads.models import Lead, Suppression
from dialer.outcomes.models import Outcome
from dialer.wiring import process
from tests.db.engine import SECRET, CampaignEngine
from tests.db.restore.going_back import dial, go_back, reopen, settle, settle_again
from tests.factories import NOON, Factory


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


def test_journal_gets_what_it_lacked(engine_room: CampaignEngine, factory: Factory, restored: Restored) -> None:
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="a restore")
    engine_room.opt_out(factory.organization.id, "+12125550188", "words", None, "test")

    assert settle(restored).opt_outs_journaled == 1
    assert settle(restored).opt_outs_journaled == 0
    assert [entry.phone for entry in restored.journal.entries() if entry] == ["+12125550188"]


@pytest.mark.parametrize("kind", [OutboxKind.SMS, OutboxKind.EMAIL])
def test_message_that_the_backup_has_as_unsent_is_in_doubt_and_not_sent(
    engine_room: CampaignEngine, factory: Factory, restored: Restored, kind: OutboxKind
) -> None:
    def put(key: str) -> None:
        with engine_room.sessions.begin() as session:
            session.add(OutboxRow(organization_id=factory.organization.id, destination=kind.value, kind=kind, key=key))

    put("before")
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="a restore")
    put("after")

    assert settle(restored).messages_in_doubt == 1
    assert settle(restored).messages_in_doubt == 0
    with engine_room.sessions() as session:
        begun = select(OutboxRow.key).where(OutboxRow.sending_wall == OutboxRow.created_wall)
        assert session.scalars(begun).all() == ["before"]


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
    dialer,
    engine_room: CampaignEngine,
    lead: Lead,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dial(engine_room)
    go_back(engine_room)
    monkeypatch.setattr(process, "carrier", lambda _: engine_room.carrier)

    code, out, err = dialer("settle")
    assert code == 0
    assert "resume-dialing" in err
    code, out, _ = dialer("settle", "--open", "--why", "settled", "--json")

    assert code == 0
    assert (json.loads(out)["made"], json.loads(out)["dialing"]) == ([], "allowed")
    with engine_room.sessions() as session:
        assert not gate.is_shut(session)
        assert session.scalar(select(func.count()).where(Call.direction == Direction.OUTBOUND)) == 1
