"""The carrier's REST API for calls, as the `twilio` SDK speaks it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from dialer.sandbox.carrier_calls import Asked, Call, HangUp, rfc2822
from dialer.sandbox.carrier_dialing import Exchange, redirect
from dialer.sandbox.carrier_errors import TwilioError
from dialer.sandbox.carrier_orders import read_order
from dialer.sandbox.carrier_requests import form_of, moment, page, require_account, world_of
from dialer.sandbox.world import World

router = APIRouter(prefix="/twilio/2010-04-01/Accounts/{account}", dependencies=[Depends(require_account)])


def exchange_of(request: Request) -> Exchange:
    """The exchange that runs this world's calls."""
    exchange = request.app.state.exchange
    assert isinstance(exchange, Exchange)
    return exchange


@router.post("/Calls.json", status_code=201)
async def create(request: Request) -> Response:
    """Place a call. It is on disk before it is answered, and before it rings."""
    world = world_of(request)
    arrived = datetime.fromtimestamp(getattr(request.state, "arrived_s", time.time()), UTC)
    form, every = await form_of(request)
    to = form.get("To", "")
    world.asked[to] += 1
    key = (to, world.asked[to])
    if world.faults.hits("latency", *key):
        await asyncio.sleep(world.faults.plan.latency_s)
    try:
        if world.faults.hits("rate_limited", *key):
            raise TwilioError(20429)
        if world.faults.hits("unwell", *key):
            raise TwilioError(20503)
        call = read_order(world, form, every)
    except TwilioError as error:
        probe = Call("", to, form.get("From", ""), "outbound-api", form)
        await world.ledger.record(
            "call.refused",
            call_id=probe.call_id,
            to=to,
            from_=probe.from_,
            key=str(error.code),
            status=error.status,
            arrived=arrived,
        )
        raise
    world.calls.add(call)
    await world.ledger.record(
        "call.accepted",
        carrier_id=call.sid,
        call_id=call.call_id,
        to=to,
        from_=call.from_,
        key=call.call_id or call.sid,
        status=call.status,
        direction=call.direction,
        form=form,
        events=call.status_events,
        arrived=arrived,
    )
    exchange_of(request).place(call)
    if world.faults.hits("drop_reply", *key):
        return await drop(request)
    if world.faults.hits("error_after_accept", *key):
        raise TwilioError(20500)
    return JSONResponse(call.resource(world.options.account_sid), 201)


@router.get("/Calls.json")
async def find(request: Request) -> dict[str, Any]:
    """List calls, newest first."""
    world = world_of(request)
    _check_well(world)
    query = request.query_params
    after = query.get("StartTime>") or query.get("StartTime")
    before = query.get("StartTime<")
    found = world.calls.find(
        to=query.get("To") or None,
        from_=query.get("From") or None,
        status=query.get("Status") or None,
        started=(moment(after) if after else None, moment(before) if before else None),
    )
    return page(request, "calls", found, lambda call: call.resource(world.options.account_sid))


@router.get("/Calls/{sid}.json")
async def fetch(request: Request, sid: str) -> dict[str, Any]:
    """Show one call."""
    world = world_of(request)
    _check_well(world)
    return _call(world, sid).resource(world.options.account_sid)


@router.post("/Calls/{sid}.json")
async def update(request: Request, sid: str) -> dict[str, Any]:
    """End a live call, cancel one that is not answered, or send it to other TwiML."""
    world = world_of(request)
    call = _call(world, sid)
    form, _ = await form_of(request)
    if call.over:
        raise TwilioError(21220)
    status = form.get("Status")
    if status not in (None, "canceled", "completed"):
        raise TwilioError(20001, "Status is canceled or completed")
    if status == "completed" or (status == "canceled" and call.answered_at is None):
        call.commands.put_nowait(HangUp(by="api"))
        await _settle(call)
    elif form.get("Url") or form.get("Twiml"):
        if call.answered_at is None:
            raise TwilioError(21220)
        redirect(call, url=form.get("Url", ""), twiml=form.get("Twiml", ""))
    return call.resource(world.options.account_sid)


@router.get("/Calls/{sid}/Events.json")
async def events(request: Request, sid: str) -> dict[str, Any]:
    """The requests that were made to the application's webhooks for a call."""
    world = world_of(request)
    _check_well(world)
    return page(request, "events", _call(world, sid).asked, _event)


async def drop(request: Request) -> Response:
    """Close the connection instead of answering. What is returned finds nobody."""
    request.scope["dialer.drop"]()
    await asyncio.sleep(0.05)
    return Response(status_code=500)


def _event(asked: Asked) -> dict[str, Any]:
    return {
        "request": {"method": "POST", "url": asked.url, "parameters": dict(asked.parameters)},
        "response": {
            "response_code": asked.response_code,
            "request_duration": asked.duration_ms,
            "response_body": asked.response_body,
            "date_created": rfc2822(asked.at),
        },
    }


def _call(world: World, sid: str) -> Call:
    call = world.calls.get(sid)
    if call is None:
        raise TwilioError(20404, f"Calls/{sid}")
    return call


def _check_well(world: World) -> None:
    world.reads += 1
    if world.faults.hits("list_error", world.reads):
        raise TwilioError(20503)


async def _settle(call: Call) -> None:
    """Give the call a moment to end, so that the answer shows it over, as Twilio's does."""
    for _ in range(20):
        if call.over:
            return
        await asyncio.sleep(0.01)
