"""A call at a seat whose agent may use tools, and what those tools reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from dialer.agents.models import AgentVersion
from dialer.calls import facts, seats
from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.calls.using import Outside, Pending
from dialer.conversation.facts import Reply, ToolWanted
from dialer.crm import delivery
from dialer.db import Sessions
from dialer.followups.calendars.base import Calendar
from dialer.followups.models import Channel
from dialer.leads.models import Lead
from tests.factories import Factory, definition


@dataclass
class Toolroom:
    """Uses tools as a seat does, without one."""

    sessions: Sessions
    call: Call
    calendars: dict[str, Calendar]
    woken: list[int] = field(default_factory=list)
    channels: frozenset[Channel] = frozenset(Channel)
    uses: int = 0

    def want(self, name: str, **arguments: Any) -> Reply:
        self.uses += 1
        outside = Outside(
            calendars=self.calendars,
            crms=("hubspot",),
            channels=self.channels,
            deliver=lambda row_id: delivery.deliver_one(row_id, sessions=self.sessions, crms=self.calendars),
            wake=self.woken.append,
            sessions=self.sessions,
        )
        effects = facts.Effects(opt_out=lambda *_: None, cancel=lambda _: None, outside=outside)  # type: ignore[arg-type,return-value]
        seat = facts.Seat(self.call.id, 1, "calls-1")
        came = facts.apply(ToolWanted(f"1.{self.uses}", name, arguments), seat, self.sessions, effects)
        if isinstance(came, Pending):
            return came.finish()
        assert isinstance(came, Reply)
        return came


def seated(factory: Factory, calendars: dict[str, Calendar], *, lead: Lead | None = None, **agent: Any) -> Toolroom:
    """Begin a call with an agent whose definition is changed so."""
    tools = ("end_call", "do_not_call", "find_slots", "book_meeting", "send_sms", "send_email")
    with factory.sessions.begin() as session:
        version = session.get_one(AgentVersion, factory.agent_version.id)
        version.definition = definition(**({"tools": tools} | agent)).model_dump(mode="json")
    call = factory.call(lead, state=CallState.TALKING, carrier_id=f"CA{uuid4().hex}", seat="wanted", seat_epoch=1)
    with factory.sessions.begin() as session:
        assert seats.take(session, call.id, 1, worker="calls-1", url="ws://x")
    return Toolroom(factory.sessions, call, calendars)
