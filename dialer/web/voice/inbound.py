"""People who call or text one of our numbers."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from dialer.accounts import queries as accounts
from dialer.agents import store
from dialer.calls import answering, queries, receiving
from dialer.calls.reporting import Report
from dialer.db import transaction
from dialer.errors import BadInput, NotFound
from dialer.leads import optout
from dialer.telephony import twiml
from dialer.telephony.base import CarrierStatus
from dialer.web import state as web_state
from dialer.web.voice.carrier import Signed, carry_out, markup
from dialer.wiring import Wiring

OPT_OUT_DIGIT = "9"

router = APIRouter(include_in_schema=False)


@router.post("/voice/inbound")
async def inbound(request: Request, params: Signed) -> Response:
    """A person calls us: connect them to the agent that called them."""
    wiring = web_state.of(request).wiring
    carrier_id, from_number, to_number = (params.get(key, "") for key in ("CallSid", "From", "To"))
    if not carrier_id or not from_number or not to_number:
        raise BadInput("CallSid, From and To are needed.")
    call_id = await run_in_threadpool(
        receiving.receive, wiring.sessions, carrier_id=carrier_id, from_number=from_number, to_number=to_number
    )
    said = Report(carrier_id, CarrierStatus.IN_PROGRESS)
    decision = await run_in_threadpool(
        answering.answered, wiring.sessions, call_id, said, secret=web_state.of(request).secret
    )
    return await carry_out(request, call_id, decision)


@router.post("/voice/digits/{call_id}")
async def digits(call_id: UUID, request: Request, params: Signed) -> Response:
    """The digit of a person whom nobody could serve: 9 ends all calls to them."""
    wiring = web_state.of(request).wiring
    if params.get("Digits") != OPT_OUT_DIGIT:
        return markup(twiml.hang_up())
    text, language = await run_in_threadpool(_opt_out, wiring, call_id)
    return markup(twiml.say_and_hang_up(text, language=language))


@router.post("/sms/inbound")
async def sms(request: Request, params: Signed) -> Response:
    """A person texts us. STOP ends all calls to them; the carrier itself answers the words that it knows."""
    wiring = web_state.of(request).wiring
    words = params.get("Body", "")
    if params.get("OptOutType") == "STOP" or receiving.asks_to_stop(words):
        await run_in_threadpool(_stop, wiring, params.get("From", ""), params.get("To", ""), words)
    return markup(twiml.nothing())


def _opt_out(wiring: Wiring, call_id: UUID) -> tuple[str, str]:
    organization_id, person = receiving.opted_out_by_digit(wiring.sessions, call_id)
    done = wiring.opt_out(organization_id, person, "digit 9", call_id, "carrier digits")
    wiring.cancel(other for other in done.cancel if other != call_id)
    with transaction(wiring.sessions) as tx:
        call = queries.one(tx.session, call_id)
        agent = store.definition_of(tx.session, call.agent_version_id)
    return agent.say(agent.opt_out_confirmation, {}), agent.language


def _stop(wiring: Wiring, person: str, ours: str, words: str) -> None:
    with transaction(wiring.sessions) as tx:
        try:
            organization_id = receiving.number(tx.session, ours).organization_id
        except NotFound:  # a number for messages only, or one that calls no longer show: the wish counts all the same
            organization_id = accounts.organization(tx.session, wiring.settings.organization)
    done = optout.opt_out(
        wiring.sessions,
        organization_id,
        [person],
        how=f"replied {words.strip()[:40]}",
        source="sms",
        by="carrier sms",
        secret=wiring.secret,
        journal=wiring.journal,
    )
    wiring.cancel(done.cancel)
