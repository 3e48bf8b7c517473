"""What all the carrier's webhooks share: the signature, the stored callback, and the answer in the carrier's markup."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from dialer import log
from dialer.calls import answering, callbacks, sweeping, urls
from dialer.calls.answering import Decision, Do
from dialer.errors import NotAllowed, TransientError
from dialer.telephony import twiml
from dialer.web import state as web_state

SEAT_WAIT_S = 1.5
"""How long an answered person may hear nothing before the drop message."""
PUBLISH_AGAIN_S = 0.3
LOOK_EVERY_S = 0.015

logger = log.get(__name__)


async def signed(request: Request) -> dict[str, str]:
    """The parameters of a webhook, once the carrier's signature over our public URL has proven true.

    Raises:
        NotAllowed: the signature is missing or wrong.
    """
    state = web_state.of(request)
    form = {key: str(value) for key, value in (await request.form()).items()}
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{state.settings.public_url.rstrip('/')}{request.url.path}{query}"
    if not state.wiring.carrier.verify(url, form, request.headers):
        raise NotAllowed("The signature is missing or wrong: only the carrier may call this.")
    return form


Signed = Annotated[dict[str, str], Depends(signed)]


def markup(text: str) -> Response:
    """Answer in the carrier's markup."""
    return Response(text, media_type="text/xml")


async def stored(request: Request, kind: str, call_id: UUID, params: dict[str, str]) -> None:
    """Store a callback; only then may it be answered 2xx. Folding it now is a courtesy: the sweeper would."""
    wiring = web_state.of(request).wiring
    try:
        digest = await run_in_threadpool(callbacks.store, wiring.sessions, kind, call_id, request.url.path, params)
    except SQLAlchemyError as error:
        raise TransientError("This could not be stored: send it again.") from error
    await run_in_threadpool(_fold, wiring, digest)


def _fold(wiring: Any, digest: str) -> None:
    try:
        folded = callbacks.fold(wiring.sessions, digest)
        if folded is not None:
            sweeping.act(folded, wiring.settling)
    except Exception as error:  # it is stored: whatever went wrong here, the sweeper comes back to it
        logger.warning("callback left to the sweeper", error=repr(error))


async def carry_out(request: Request, call_id: UUID, decision: Decision) -> Response:
    """Turn a decision into markup, waiting for a seat if it asks for one."""
    wiring = web_state.of(request).wiring
    if decision.stray:
        await run_in_threadpool(sweeping.act, callbacks.Folded(call_id, hang_up=decision.stray), wiring.settling)
    if decision.do is Do.WAIT:
        decision = await _seat(wiring, call_id, decision.epoch)
    match decision.do:
        case Do.CONNECT:
            action = urls.for_carrier(wiring.settings.public_url, "continue", call_id)
            return markup(twiml.connect(decision.url, action=action))
        case Do.TRANSFER:
            return markup(twiml.transfer(decision.number, caller_id=decision.caller_id))
        case Do.CALL_COLLEAGUE:
            action, whisper = (
                urls.for_carrier(wiring.settings.public_url, kind, call_id) for kind in ("transferred", "whisper")
            )
            return markup(twiml.transfer(decision.number, caller_id=decision.caller_id, action=action, whisper=whisper))
        case Do.DROP:
            text, language = await run_in_threadpool(answering.drop_message, wiring.sessions, call_id)
            return markup(twiml.say_and_hang_up(text, language=language))
        case Do.ASK_DIGIT:
            text, language = await run_in_threadpool(answering.drop_message, wiring.sessions, call_id)
            action = urls.for_carrier(wiring.settings.public_url, "digits", call_id)
            return markup(twiml.ask_digit(text, action=action, language=language))
        case Do.TURNS:
            return markup(twiml.redirect(urls.for_turn(wiring.settings.public_url, call_id, after=0)))
        case Do.NOTHING:
            return markup(twiml.nothing())
    return markup(twiml.hang_up())


async def _seat(wiring: Any, call_id: UUID, epoch: int) -> Decision:
    """Ask every free worker, again every 300 ms, until one has taken the call or the wait is over."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + SEAT_WAIT_S
    publish_at = 0.0
    while loop.time() < give_up:
        if loop.time() >= publish_at:
            publish_at = loop.time() + PUBLISH_AGAIN_S
            sending = loop.run_in_executor(None, wiring.messages.send, "calls.converse", str(call_id), str(epoch))
            await asyncio.wait({sending}, timeout=PUBLISH_AGAIN_S)
        await asyncio.sleep(LOOK_EVERY_S)
        url = await run_in_threadpool(answering.seated, wiring.sessions, call_id, epoch)
        if url:
            return Decision(Do.CONNECT, url=url)
    return await run_in_threadpool(answering.gave_up, wiring.sessions, call_id, epoch)
