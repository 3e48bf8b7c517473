"""What the carrier still knows after a restart, read back from the ledger."""

from __future__ import annotations

from datetime import datetime

from dialer.sandbox.carrier_calls import Asked, Call
from dialer.sandbox.ledger import Line
from dialer.sandbox.sms import Texting
from dialer.sandbox.world import World


def recall(world: World, texting: Texting) -> list[Call]:
    """Fill an empty world from its ledger. Returns the calls that were not over."""
    for line in world.ledger.lines():
        world.offset_s = (
            datetime.fromisoformat(line["campaign_at"]) - datetime.fromisoformat(line["at"])
        ).total_seconds()
        if line["kind"] == "call.accepted":
            world.asked[line["to"]] += 1
            _accepted(world, line)
        elif line["kind"] == "call.refused":
            world.asked[line["to"]] += 1
        elif line["kind"] == "call.status" and line["key"] is None:
            _status(world, line)
        elif line["kind"] == "callback" and "url" in line:
            _asked(world, line)
        elif line["kind"] == "sms":
            texting.recall(line)
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


def _asked(world: World, line: Line) -> None:
    if (call := world.calls.get(line["carrier_id"])) is not None:
        told = {"CallSid": call.sid, "CallStatus": str(line["status"])}
        call.asked.append(Asked(line["url"], told, line["answer"], "", 0, datetime.fromisoformat(line["at"])))


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
