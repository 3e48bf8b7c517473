"""A database that is put back to an earlier state, and the settling of what it has forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from dialer.calls import gap_settling, gate, restoring
from dialer.calls.gap_settling import Restored, Settled
from dialer.telephony.base import CarrierStatus
from tests.db.engine import CampaignEngine
from tests.db.test_cli_leads import dialer  # noqa: F401 - a fixture
from tests.factories import NOON

TABLES = ("outbox", "follow_ups", "outcomes", "call_moves", "calls", "lead_moves")


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


def settle_again(engine_room: CampaignEngine, restored: Restored) -> Settled:
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="again")
    return settle(restored)
