"""What a tool is asked with, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dialer.accounts.models import Organization
from dialer.agents.definition import AgentDefinition
from dialer.calls import briefings
from dialer.calls.models import Call, Direction
from dialer.conversation.facts import Reply
from dialer.leads.models import Lead

if TYPE_CHECKING:
    from dialer.calls.using import Outside


@dataclass(frozen=True, slots=True)
class Asked:
    """One use of a tool, in the transaction that writes its row. The call's row is locked, and held by the seat."""

    session: Session
    call: Call
    agent: AgentDefinition
    arguments: Mapping[str, Any]
    """Checked against the tool's schema."""
    key: str
    """Of the tool's row, unique in the world: what every outside effect of it derives its idempotency key from."""
    now: datetime
    outside: Outside

    @property
    def lead(self) -> Lead | None:
        """Whom we talk to, if they are a lead."""
        return self.session.get(Lead, self.call.lead_id) if self.call.lead_id else None

    @property
    def zone(self) -> ZoneInfo:
        """The person's time zone, as far as anybody knows."""
        return briefings.zone_of(self.call, self.lead)

    @property
    def organization(self) -> str:
        """The name of whose call it is."""
        return self.session.get_one(Organization, self.call.organization_id).name

    @property
    def person(self) -> str:
        """The number of the person, E.164."""
        return self.call.to_number if self.call.direction is Direction.OUTBOUND else self.call.from_number

    @property
    def ours(self) -> str:
        """Our number of this call, E.164."""
        return self.call.from_number if self.call.direction is Direction.OUTBOUND else self.call.to_number


@dataclass(frozen=True, slots=True)
class Later:
    """An effect outside, to be had once the tool's row is committed, while no transaction is open.

    It raises what its vendor raises, and may take as long as a person waits on the phone.
    """

    effect: Callable[[], Reply]


Tool = Callable[[Asked], Reply | Later]
