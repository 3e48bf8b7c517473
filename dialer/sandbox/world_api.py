"""/world: what tests and the demo may ask of the world and tell it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from dialer.sandbox.carrier_account_api import texting_of
from dialer.sandbox.carrier_api import exchange_of
from dialer.sandbox.carrier_calls import Call, HangUp, new_sid
from dialer.sandbox.carrier_requests import world_of
from dialer.sandbox.colleagues import Colleague
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.outages import Condition, Health, Outages
from dialer.sandbox.people import KNOWN, Meeting

router = APIRouter(prefix="/world")
_LINES_PER_CHUNK = 1000


class Clock(BaseModel):
    """Campaign time less wall time."""

    offset_s: float


class Pin(BaseModel):
    """What a number is to be; None leaves it to the dice."""

    kind: str | None


class Habit(BaseModel):
    """What a colleague does when a call is handed over to them."""

    kind: Colleague


class Wellbeing(BaseModel):
    """How a vendor is to be."""

    condition: Condition


class InboundCall(BaseModel):
    """A person calls one of the account's numbers."""

    from_: str = Field(alias="from")
    to: str
    kind: str = "interested"


class InboundText(BaseModel):
    """A person texts one of the account's numbers."""

    from_: str = Field(alias="from")
    to: str
    body: str


@router.get("/ledger")
def ledger(request: Request, kind: str | None = None, since: int = 0) -> StreamingResponse:
    """The ledger's lines as a JSON array, of one kind if given, after seq `since`."""
    lines = world_of(request).ledger.lines(kind=kind, since=since)

    def chunks() -> Iterator[bytes]:
        separator = b"["
        while some := list(islice(lines, _LINES_PER_CHUNK)):
            yield separator + b",".join(map(orjson.dumps, some))
            separator = b","
        yield b"[]" if separator == b"[" else b"]"

    return StreamingResponse(chunks(), media_type="application/json")


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Whether the world is up, and which one it is."""
    world = world_of(request)
    return {
        "ok": True,
        "seed": world.options.seed,
        "media": world.options.media,
        "live_calls": sum(1 for _ in world.calls.live()),
        "ledger": str(world.ledger.path),
    }


@router.get("/clock")
async def clock(request: Request) -> Clock:
    """The offset as last told."""
    return Clock(offset_s=world_of(request).offset_s)


@router.put("/clock")
async def set_clock(request: Request, clock: Clock) -> Clock:
    """Tell the world what time the campaign has."""
    world_of(request).offset_s = clock.offset_s
    return clock


@router.get("/faults")
async def faults(request: Request) -> FaultPlan:
    """The faults in force."""
    return world_of(request).faults.plan


@router.put("/faults")
async def set_faults(request: Request, plan: FaultPlan) -> FaultPlan:
    """Replace the faults in force; an empty object ends them all."""
    world_of(request).faults.plan = plan
    return plan


@router.get("/vendors")
async def vendors(request: Request) -> dict[str, dict[str, Any]]:
    """How each vendor of speech and language is."""
    return {name: _shown(health) for name, health in _outages_of(request).health.items()}


@router.put("/vendors/{name}")
async def strike(request: Request, name: str, wellbeing: Wellbeing) -> dict[str, Any]:
    """Kill a vendor in the middle of its work, make it fall silent, or bring it back."""
    outages = _outages_of(request)
    if name not in outages.health:
        raise HTTPException(404, f"There is no vendor {name}; there are {sorted(outages.health)}.")
    health = outages.put(name, wellbeing.condition)
    await world_of(request).ledger.record("vendor", key=name, status=health.condition, cut=health.cut)
    return _shown(health)


@router.get("/people/{number}")
async def person(request: Request, number: str, call: int | None = None) -> dict[str, Any]:
    """Who takes the number's next call (or call `call`, counted from 0), and who took those before."""
    people = world_of(request).people
    had = people.had(number)
    return {
        "number": number,
        "calls": had,
        "kind": people.kind(number, call).name,
        "past": [people.kind(number, index).name for index in range(had)],
    }


@router.put("/people/{number}")
async def pin(request: Request, number: str, pin: Pin) -> dict[str, Any]:
    """Make a number a kind."""
    people = world_of(request).people
    try:
        people.pin(number, pin.kind)
    except KeyError as error:
        raise HTTPException(422, f"There is no kind {pin.kind}; there are {sorted(KNOWN)}.") from error
    return {"number": number, "kind": people.kind(number).name}


@router.put("/colleagues/{number}")
async def behave(request: Request, number: str, habit: Habit) -> Habit:
    """Make a colleague of the seller accept, decline or not answer when a call is handed over to them."""
    world_of(request).colleagues.set(number, habit.kind)
    return habit


@router.post("/calls", status_code=201)
async def call_in(request: Request, order: InboundCall) -> dict[str, str]:
    """Make a person call one of the account's numbers."""
    world = world_of(request)
    number = world.numbers.get(order.to)
    if number is None or not number.voice_url:
        raise HTTPException(422, f"{order.to} is none of the account's numbers, or has no voice URL.")
    if order.kind not in KNOWN:
        raise HTTPException(422, f"There is no kind {order.kind}; there are {sorted(KNOWN)}.")
    call = Call(new_sid("CA"), order.to, order.from_, "inbound")
    world.calls.add(call)
    meeting = Meeting(order.from_, world.people.had(order.from_), KNOWN[order.kind])
    exchange_of(request).receive(call, number.voice_url, meeting)
    return {"sid": call.sid}


@router.delete("/calls/{sid}", status_code=204)
async def hang_up(request: Request, sid: str) -> None:
    """Make the person on a live call hang up."""
    call = world_of(request).calls.get(sid)
    if call is None or call.over:
        raise HTTPException(404, f"{sid} is no live call.")
    call.commands.put_nowait(HangUp(by="person"))


@router.post("/sms", status_code=201)
async def text_in(request: Request, order: InboundText) -> dict[str, str]:
    """Make a person text one of the account's numbers."""
    number = world_of(request).numbers.get(order.to)
    if number is None:
        raise HTTPException(422, f"{order.to} is none of the account's numbers.")
    message = await texting_of(request).receive(number, order.from_, order.body)
    return {"sid": message.sid}


def _outages_of(request: Request) -> Outages:
    outages: Outages = request.app.state.outages
    return outages


def _shown(health: Health) -> dict[str, Any]:
    return {"condition": health.condition, "cut": health.cut, "refused": health.refused}
