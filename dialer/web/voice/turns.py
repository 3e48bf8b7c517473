"""The webhook of calls that the carrier holds for us, turn by turn."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from dialer.calls import by_turns, urls
from dialer.calls.by_turns import Held, WebHand
from dialer.conversation.by_turns import ByTurns, Said, Then
from dialer.telephony import twiml
from dialer.web import state as web_state
from dialer.web.voice.carrier import Signed, markup

router = APIRouter(prefix="/voice", include_in_schema=False)


@router.post("/turn/{call_id}")
async def turn(call_id: UUID, request: Request, params: Signed, after: int = 0) -> Response:
    """The person has said or pressed something, or nothing in time, after so many turns."""
    state = web_state.of(request)
    held = await run_in_threadpool(by_turns.held, state.sessions, call_id)
    if held is None:
        return markup(twiml.redirect(urls.for_carrier(state.settings.public_url, "continue", call_id)))
    hand = WebHand(call_id, held.briefing.epoch, state.sessions, state.wiring.effects)
    one = ByTurns(held.briefing, hand, await state.assistant.crew(), age_s=held.age_s)
    said = await _turn(one, held, params, after)
    await hand.settled()
    public_url, language = state.settings.public_url, held.briefing.agent.language
    return markup(_speak(said, public_url, call_id, after=one.number, language=language))


async def _turn(one: ByTurns, held: Held, params: dict[str, str], after: int) -> Said:
    words, digits = params.get("SpeechResult", ""), params.get("Digits", "")
    if one.number > after > 0:
        return await one.again(words, digits)
    if one.wish(words, digits) is None and (said := await one.machine(held.answered_by)) is not None:
        return said
    if after == 0:
        return await one.begin()
    return await one.hear(words, digits)


def _speak(said: Said, public_url: str, call_id: UUID, *, after: int, language: str) -> str:
    match said.then:
        case Then.LISTEN:
            action = urls.for_turn(public_url, call_id, after=after)
            return twiml.ask(said.text, action=action, language=language, interruptible=not said.whole)
        case Then.LEAVE:
            onward = urls.for_carrier(public_url, "continue", call_id)
            return twiml.say_and_go_on(said.text, language=language, url=onward)
        case Then.HANG_UP:
            return twiml.say_and_hang_up(said.text, language=language)
