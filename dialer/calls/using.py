"""How a tool that the model wants is used: its row first, then its effect, then what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.agents import store
from dialer.agents.definition import AgentDefinition
from dialer.calls.models import Call, ToolUse
from dialer.calls.toolbox import (
    book_meeting,
    find_slots,
    look_up_knowledge,
    schedule_callback,
    send_message,
    talk,
    transfer,
)
from dialer.calls.toolbox.base import Asked, Later, Tool
from dialer.calls.toolbox.http import FAILED, UNKNOWN, HttpTools
from dialer.conversation.facts import Reply, ToolWanted
from dialer.conversation.toolbox import SPECS
from dialer.db import Sessions, transaction
from dialer.errors import DialerError, UnknownEffect
from dialer.followups.calendars.base import Calendar
from dialer.followups.calendars.builtin import BuiltIn
from dialer.followups.models import Channel, Meeting
from dialer.knowledge.retrieving import Retriever

TOOLS: Mapping[str, Tool] = MappingProxyType(
    {
        "end_call": talk.end_call,
        "do_not_call": talk.do_not_call,
        "transfer": transfer.use,
        "press_digits": talk.press_digits,
        "schedule_callback": schedule_callback.use,
        "find_slots": find_slots.use,
        "book_meeting": book_meeting.use,
        "look_up_knowledge": look_up_knowledge.use,
        "send_sms": send_message.sms,
        "send_email": send_message.email,
    }
)

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What tools reach beyond the database."""

    http: HttpTools = field(default_factory=HttpTools)
    knowledge: Retriever | None = None
    """Searches documents."""
    calendars: Mapping[str, Calendar] = field(default_factory=lambda: {"builtin": BuiltIn()})
    """By name; the first is the one of agents that name none."""
    crms: tuple[str, ...] = ()
    """Where tasks of people are written to."""
    channels: frozenset[Channel] = frozenset()
    """How something can be sent to people."""
    deliver: Callable[[int], object] = lambda _: None
    """Sends one outbox row now, if it is due."""
    wake: Callable[[int], object] = lambda _: None
    """Has one outbox row sent soon."""
    sessions: Sessions | None = None

    def book(self, row_id: int, meeting_id: UUID) -> Meeting:
        """Tell the calendar of a meeting now, and return how it stands then."""
        assert self.sessions is not None, "a meeting was booked in a database"
        self.deliver(row_id)
        with self.sessions() as session:
            return session.get_one(Meeting, meeting_id)


@dataclass(frozen=True, slots=True)
class Pending:
    """A tool whose row stands and whose effect is to come. `finish` is for a thread that may wait."""

    call_id: UUID
    key: str
    effect: Callable[[], Reply]
    sessions: Sessions

    def finish(self) -> Reply:
        """Have the effect, once, and write down what came of it."""
        try:
            reply = self.effect()
        except UnknownEffect as error:
            logger.error("tool silent", call_id=str(self.call_id), error=str(error))
            reply = Reply(ok=False, text=UNKNOWN)
        except DialerError as error:
            logger.error("tool failed", call_id=str(self.call_id), error=str(error))
            reply = Reply(ok=False, text=FAILED)
        try:
            self._store(reply)
        except SQLAlchemyError as error:  # it has happened all the same, and the person is told so
            logger.error("tool's result not stored", call_id=str(self.call_id), error=str(error))
        return reply

    def _store(self, reply: Reply) -> None:
        with transaction(self.sessions) as tx:
            tx.session.execute(
                update(ToolUse)
                .where(ToolUse.call_id == self.call_id, ToolUse.key == self.key)
                .values(ok=reply.ok, result=reply.text, done_at=clock.now(tx.session))
            )


def use(
    session: Session, call: Call, fact: ToolWanted, *, now: datetime, sessions: Sessions, outside: Outside
) -> Reply | Pending:
    """Write a tool's row, and say what comes of it or what is still to be done.

    A key that stands already gets the answer that it got; one whose effect never began begins it now, for the commit
    was in doubt and only the seat that wrote the row asks again.
    """
    before = session.scalars(select(ToolUse).where(ToolUse.call_id == call.id, ToolUse.key == fact.key)).first()
    if before is not None and before.done_at is not None:
        return Reply(ok=before.ok, text=before.result)
    row = before or ToolUse(
        call_id=call.id, key=fact.key, name=fact.name, arguments=dict(fact.arguments), ok=False, at=now
    )
    session.add(row)
    session.flush()
    came = _ask(session, call, fact, now, outside)
    if isinstance(came, Later):
        return Pending(call.id, fact.key, came.effect, sessions)
    row.ok, row.result, row.done_at = came.ok, came.text, now
    return came


def _ask(session: Session, call: Call, fact: ToolWanted, now: datetime, outside: Outside) -> Reply | Later:
    agent = store.definition_of(session, call.agent_version_id)
    tool, schema = _find(agent, fact.name, outside)
    if tool is None:
        return Reply(ok=False, text=f"There is no tool {fact.name}.")
    if (reply := refused(schema, fact.arguments)) is not None:
        return reply
    return tool(Asked(session, call, agent, fact.arguments, f"{call.id}-{fact.key}", now, outside))


def refused(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reply | None:
    """What the model is told of arguments that a tool's schema forbids; None if it allows them."""
    wrong = next(Draft202012Validator(schema).iter_errors(dict(arguments)), None)
    return None if wrong is None else Reply(ok=False, text=f"These arguments cannot be used: {wrong.message[:200]}")


def _find(agent: AgentDefinition, name: str, outside: Outside) -> tuple[Tool | None, Mapping[str, Any]]:
    if name in agent.tools and name in TOOLS:
        return TOOLS[name], SPECS[name].parameters
    for own in agent.http_tools:
        if own.name == name:
            return partial(outside.http.use, own), own.arguments
    return None, {}
