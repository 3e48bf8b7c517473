"""The webhooks of a warm transfer: what the colleague hears, what they press, and what became of it."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from dialer.calls import answering, callbacks, transferring, urls
from dialer.telephony import twiml
from dialer.web import state as web_state
from dialer.web.voice.carrier import Signed, carry_out, markup

router = APIRouter(prefix="/voice", include_in_schema=False)


@router.post("/whisper/{call_id}")
async def whisper(call_id: UUID, request: Request, _params: Signed) -> Response:
    """A colleague picked up: tell them who waits, and let them choose."""
    wiring = web_state.of(request).wiring
    told = await run_in_threadpool(transferring.briefing, wiring.sessions, call_id)
    if told is None:
        return markup(twiml.hang_up())
    text, language = told
    action = urls.for_carrier(wiring.settings.public_url, "accept", call_id)
    return markup(twiml.ask_digit(text, action=action, language=language))


@router.post("/accept/{call_id}")
async def accept(call_id: UUID, request: Request, params: Signed) -> Response:
    """A colleague pressed a key: an empty answer connects the two, hanging up sends the person back."""
    wiring = web_state.of(request).wiring
    digits = params.get("Digits", "")
    accepted = await run_in_threadpool(transferring.answer, wiring.sessions, call_id, digits)
    return markup(twiml.nothing() if accepted else twiml.hang_up())


@router.post("/transferred/{call_id}")
async def transferred(call_id: UUID, request: Request, params: Signed) -> Response:
    """The colleague's leg is over: the call ends with it, or the person is back."""
    wiring = web_state.of(request).wiring
    said = callbacks.read(params)
    decision = await run_in_threadpool(answering.came_back, wiring.sessions, call_id, said, secret=wiring.secret)
    return await carry_out(request, call_id, decision)
