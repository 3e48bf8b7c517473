"""What requests about conversations in writing do: the agent answers, its tools are used, and the turn is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool

from dialer import clock, db
from dialer.accounts import audit
from dialer.accounts.principal import Principal
from dialer.agents import store
from dialer.agents.definition import AgentDefinition
from dialer.agents.models import AgentVersion
from dialer.chats import answering, queries, tools
from dialer.chats.answering import Answer
from dialer.chats.models import Chat
from dialer.conversation import masking, optout
from dialer.errors import BadInput, Conflict
from dialer.leads.cells import clean
from dialer.leads.phones import Number
from dialer.leads.phones import read as read_number
from dialer.llm.base import Message, ToolCall
from dialer.understanding import note
from dialer.understanding.analysis import Understanding
from dialer.web import actions, understanding
from dialer.web.state import WebState

ROUNDS: Final = 4
"""Times that the model may use tools within one answer."""


@dataclass(frozen=True, slots=True)
class ToolView:
    """A tool that the agent used."""

    name: str
    arguments: Mapping[str, Any]
    result: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a turn."""

    conversation_id: UUID
    reply: str
    ended: bool
    ending: str
    """agent, opt_out, transfer or closed; empty while the conversation goes on."""
    turns: int
    understanding: Understanding | None
    """Of what the person wrote; null of the beginning and the end."""
    tools: tuple[ToolView, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    messages: list[Message]
    text: str
    ending: str = ""
    used: tuple[ToolView, ...] = ()


async def respond(
    state: WebState,
    who: Principal,
    *,
    agent: str,
    messages: list[Message],
    lead: Mapping[str, Any],
    timezone: str,
) -> tuple[Answer, str]:
    """Answer once as an agent, without keeping anything or using a tool; also return the note that the model had.

    Raises:
        NotFound: there is no such agent.
        VendorBusy: no model answers.
    """
    zone = understanding.read_zone(timezone)
    definition, now, _ = await run_in_threadpool(_agent, state, who, agent)
    last = next((message.text for message in reversed(messages) if message.role == "user"), "")
    found = await run_in_threadpool(understanding.understood, state, who, last, b"", zone, "US") if last else None
    heed = note.write(found) if found else ""
    prompt = answering.system(definition, lead, local_now=now.astimezone(zone), note=heed)
    crew = await state.assistant.crew()
    return await answering.answer(crew, definition, [prompt, *messages], tools.specs(definition)), heed


async def cast(
    state: WebState, who: Principal, text: str, *, agent: str, voice: str, language: str, lead: Mapping[str, Any]
) -> tuple[str, str, str]:
    """Return what is spoken, the voices and the language: what is left open is the agent's.

    Raises:
        NotFound: there is no such agent.
    """
    if not agent:
        return text, voice, language or "en-US"
    definition, _, _ = await run_in_threadpool(_agent, state, who, agent)
    return definition.say(text, dict(lead)), voice or definition.cast, language or definition.language


async def begin(state: WebState, who: Principal, *, agent: str, lead: Mapping[str, Any], phone: str) -> Reply:
    """Begin a conversation: the agent's opener is its first turn.

    Raises:
        NotFound: there is no such agent.
        BadInput: the phone is no number.
    """

    def store_it() -> Reply:
        definition, _, version_id = _agent(state, who, agent)
        number = _number(state, phone) if phone else ""
        opener = definition.say(definition.opener, dict(lead))
        with db.transaction(state.sessions) as tx:
            chat = queries.begin(tx.session, who.organization_id, version_id, lead=lead, phone=number, by=who.by)
            queries.go_on(tx.session, chat, [Message("assistant", opener)])
            audit.write(tx.session, who.organization_id, by=who.by, what="chat.begin", chat=str(chat.id))
            return Reply(chat.id, opener, ended=False, ending="", turns=1, understanding=None)

    return await run_in_threadpool(store_it)


async def say(state: WebState, who: Principal, chat_id: UUID, text: str, *, timezone: str) -> Reply:
    """Answer what the person wrote. Nothing is kept unless the whole turn is.

    Raises:
        NotFound: the organization has no such conversation.
        Conflict: it is over, or went on meanwhile.
        VendorBusy: no model answers.
    """
    zone = understanding.read_zone(timezone)
    words = masking.mask(text)
    chat, definition, now = await run_in_threadpool(_chat, state, who, chat_id)
    found = await run_in_threadpool(understanding.understood, state, who, words, b"", zone, "US")
    if optout.wants_out(words):  # outside the model, as on the phone
        said = _Said(
            [Message("assistant", definition.opt_out_confirmation)], definition.opt_out_confirmation, "opt_out"
        )
    else:
        said = await _converse(state, chat, definition, words, found, now.astimezone(zone), zone)
    if said.ending == "opt_out" and chat.phone:
        await run_in_threadpool(actions.opt_out, state, who, [chat.phone], f"wrote: {words[:200]}")
    written = [Message("user", words), *said.messages]
    await run_in_threadpool(_keep, state, chat, written, said.ending)
    turns = sum(message.role in ("user", "assistant") and bool(message.text) for message in written)
    return Reply(
        chat.id,
        said.text,
        ended=bool(said.ending),
        ending=said.ending,
        turns=turns + sum(one["role"] in ("user", "assistant") and bool(one["text"]) for one in chat.messages),
        understanding=found,
        tools=said.used,
    )


async def close(state: WebState, who: Principal, chat_id: UUID) -> Reply:
    """End a conversation from our side.

    Raises:
        NotFound, Conflict: there is none, or it is over.
    """
    chat, definition, _ = await run_in_threadpool(_chat, state, who, chat_id)
    goodbye = Message("assistant", definition.goodbye)
    await run_in_threadpool(_keep, state, chat, [goodbye], "closed")
    return Reply(chat.id, goodbye.text, ended=True, ending="closed", turns=chat.length + 1, understanding=None)


async def _converse(
    state: WebState,
    chat: Chat,
    agent: AgentDefinition,
    words: str,
    found: Understanding,
    local_now: datetime,
    zone: ZoneInfo,
) -> _Said:
    crew = await state.assistant.crew()
    prompt = answering.system(agent, chat.lead, local_now=local_now, note=note.write(found))
    before = [prompt, *queries.messages(chat), Message("user", words)]
    added: list[Message] = []
    used: list[ToolView] = []
    texts: list[str] = []
    for _ in range(ROUNDS):
        answer = await answering.answer(crew, agent, [*before, *added], tools.specs(agent))
        texts += [answer.text] if answer.text else []
        added.append(Message("assistant", answer.text, answer.tools))
        for call in answer.tools:
            result = tools.use(call, agent, local_now=local_now, zone=zone)
            added.append(Message("tool", result.result, tool_call_id=call.id))
            used.append(_view(call, result))
            if result.ending:
                farewell = agent.opt_out_confirmation if result.ending == "opt_out" else " ".join(texts)
                farewell = farewell or agent.goodbye
                return _Said([*added, Message("assistant", farewell)], farewell, result.ending, tuple(used))
        if not answer.tools:
            break
    return _Said(added, " ".join(texts), "", tuple(used))


def _view(call: ToolCall, used: tools.Used) -> ToolView:
    return ToolView(call.name, call.arguments, used.result, used.ok)


def _agent(state: WebState, who: Principal, name: str) -> tuple[AgentDefinition, datetime, UUID]:
    with state.sessions() as session:
        version = store.find_version(session, who.organization_id, name)
        return AgentDefinition.model_validate(version.definition), clock.now(session), version.id


def _chat(state: WebState, who: Principal, chat_id: UUID) -> tuple[Chat, AgentDefinition, datetime]:
    """Return a conversation that still goes on, its agent and the time.

    Raises:
        NotFound, Conflict: there is none, or it is over.
    """
    with state.sessions() as session:
        chat = queries.find(session, who.organization_id, chat_id)
        if chat.ended_at is not None:
            raise Conflict("This conversation is over.")
        version = session.get_one(AgentVersion, chat.agent_version_id)
        return chat, AgentDefinition.model_validate(version.definition), clock.now(session)


def _keep(state: WebState, chat: Chat, messages: list[Message], ending: str) -> None:
    with db.transaction(state.sessions) as tx:
        queries.go_on(tx.session, chat, messages, ending=ending)


def _number(state: WebState, phone: str) -> str:
    number = read_number(clean(phone), state.settings.default_region)
    if not isinstance(number, Number):
        raise BadInput(f"{phone!r}: {number}")
    return number.e164
