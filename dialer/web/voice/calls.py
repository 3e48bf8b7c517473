"""The webhooks of one call: answer, continue, status, amd, recording."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from dialer.calls import answering, callbacks
from dialer.calls.reporting import Report
from dialer.errors import BadInput
from dialer.telephony.base import CarrierStatus
from dialer.web import state as web_state
from dialer.web.voice.carrier import Signed, carry_out, stored

router = APIRouter(prefix="/voice", include_in_schema=False)


@router.post("/answer/{call_id}")
async def answer(call_id: UUID, request: Request, params: Signed) -> Response:
    """A person picked up: connect them to a seat."""
    wiring = web_state.of(request).wiring
    said = _said(params)
    decision = await run_in_threadpool(answering.answered, wiring.sessions, call_id, said, secret=wiring.secret)
    return await carry_out(request, call_id, decision)


@router.post("/continue/{call_id}")
async def go_on(call_id: UUID, request: Request, params: Signed) -> Response:
    """The stream has ended, or the call was redirected, or another URL of ours failed: the row decides."""
    wiring = web_state.of(request).wiring
    said = callbacks.read(params)
    refused = params.get("StreamError", "")
    decision = await run_in_threadpool(
        answering.continued, wiring.sessions, call_id, said, secret=wiring.secret, refused=refused
    )
    return await carry_out(request, call_id, decision)


@router.post("/status/{call_id}", status_code=204)
async def status(call_id: UUID, request: Request, params: Signed) -> None:
    """The call's progress."""
    await stored(request, "status", call_id, params)


@router.post("/amd/{call_id}", status_code=204)
async def amd(call_id: UUID, request: Request, params: Signed) -> None:
    """Who answered, as the carrier hears it."""
    await stored(request, "amd", call_id, params)


@router.post("/recording/{call_id}", status_code=204)
async def recording(call_id: UUID, request: Request, params: Signed) -> None:
    """A recording that the carrier made."""
    await stored(request, "recording", call_id, params)


def _said(params: dict[str, str]) -> Report:
    carrier_id = params.get("CallSid")
    if not carrier_id:
        raise BadInput("CallSid is missing.")
    return Report(carrier_id, CarrierStatus.IN_PROGRESS, answered_by=params.get("AnsweredBy"))
