"""What the carrier still knows after a restart: its calls, read back from the ledger."""

from __future__ import annotations

from datetime import datetime

from dialer.sandbox.carrier_calls import Call
from dialer.sandbox.ledger import Line
from dialer.sandbox.world import World


def recall(world: World) -> list[Call]:
    """Fill an empty world from its ledger. Returns the calls that were not over."""
    for line in world.ledger.lines():
        if line["kind"] == "call.accepted":
            world.asked[line["to"]] += 1
            _accepted(world, line)
        elif line["kind"] == "call.refused":
            world.asked[line["to"]] += 1
        elif line["kind"] == "call.status" and line["key"] is None:
            _status(world, line)
    return list(world.calls.live())


def _accepted(world: World, line: Line) -> None:
    at = datetime.fromisoformat(line["at"])
    world.calls.add(
        Call(
            line["carrier_id"],
            line["to"],
            line["from"],
            line["direction"],
            form=line["form"],
            status_events=tuple(line["events"]),
            created_at=at,
            updated_at=at,
        )
    )


def _status(world: World, line: Line) -> None:
    at = datetime.fromisoformat(line["at"])
    call = world.calls.get(line["carrier_id"])
    if call is None:
        call = Call(line["carrier_id"], line["to"], line["from"], line["direction"], created_at=at, started_at=at)
        world.calls.add(call)
    call.updated_at = at
    status = line["status"]
    if status == "initiated":
        call.started_at = at
        world.people.remember(call.to, line["index"] + 1)
        return
    call.status = status
    if status == "in-progress":
        call.answered_at = call.answered_at or at
    elif call.over:
        call.ended_at = at
        call.answered_by = line.get("answered_by")
