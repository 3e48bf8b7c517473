"""A person calls or texts one of our numbers: who are they to us, and which agent answers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from dialer import clock
from dialer.agents import store
from dialer.agents.models import AgentVersion
from dialer.calls.models import Call, CallMove, Direction, Purpose
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign
from dialer.conversation.optout import wants_out
from dialer.db import Sessions, transaction
from dialer.errors import NotFound
from dialer.telephony.models import CallerId

BY = "carrier inbound"
LONGEST_S = 30


@dataclass(frozen=True, slots=True)
class Ours:
    """One of our numbers: whose it is, and through which account it is reached."""

    organization_id: UUID
    carrier_account_id: UUID
    phone: str


def number(session: Session, phone: str) -> Ours:
    """Find one of our numbers.

    Raises:
        NotFound: it is not ours.
    """
    row = session.execute(
        select(CallerId.organization_id, CallerId.carrier_account_id, CallerId.phone).where(CallerId.phone == phone)
    ).first()
    if row is None:
        raise NotFound("number of ours", phone)
    return Ours(*row)


def receive(sessions: Sessions, *, carrier_id: str, from_number: str, to_number: str) -> UUID:
    """Make the row of a call that a person makes to us, answered; asked again for the same carrier call, the same row.

    The agent is the one that called this person last, from that number if from any; a stranger gets the number's agent.

    Raises:
        NotFound: the number is not ours, or no agent is there to answer.
    """
    with transaction(sessions) as tx:
        session = tx.session
        ours = number(session, to_number)
        now = clock.now(session)
        last = _last_call(session, ours, from_number)
        created = session.scalar(
            upsert(Call)
            .values(
                organization_id=ours.organization_id,
                campaign_id=last.campaign_id if last else None,
                lead_id=last.lead_id if last else None,
                purpose=Purpose.INBOUND,
                direction=Direction.INBOUND,
                to_number=to_number,
                from_number=from_number,
                carrier_account_id=ours.carrier_account_id,
                agent_version_id=last.agent_version_id if last else agent_of(session, ours),
                carrier_id=carrier_id,
                state=CallState.ANSWERED,
                moved_at=now,
                claimed_at=now,
                answered_at=now,
                ring_timeout_s=LONGEST_S,
                dial_at=now,
            )
            .on_conflict_do_nothing()
            .returning(Call.id)
        )
        if created is None:
            return session.scalars(select(Call.id).where(Call.carrier_id == carrier_id)).one()
        session.add(CallMove(call_id=created, state=CallState.ANSWERED, at=now, by=BY, why="a person called us"))
        return UUID(str(created))


def opted_out_by_digit(sessions: Sessions, call_id: UUID) -> tuple[UUID, str]:
    """Write down that the person of a call pressed 9; return their organization and number, to be suppressed."""
    with transaction(sessions) as tx:
        call = tx.session.get_one(Call, call_id)
        call.opted_out_at = call.opted_out_at or clock.now(tx.session)
        person = call.from_number if call.direction is Direction.INBOUND else call.to_number
        return call.organization_id, person


def _last_call(session: Session, ours: Ours, person: str) -> Call | None:
    """The last call that reached this person's phone, from this number if there is one."""
    return session.scalars(
        select(Call)
        .where(
            Call.organization_id == ours.organization_id,
            Call.to_number == person,
            Call.direction == Direction.OUTBOUND,
            Call.lead_id.is_not(None),
            Call.state.not_in((CallState.CLAIMED, CallState.WITHDRAWN, CallState.FAILED)),
        )
        .order_by((Call.from_number == ours.phone).desc(), Call.claimed_at.desc())
        .limit(1)
    ).first()


def agent_of(session: Session, ours: Ours) -> UUID:
    """The agent that a number was given; else that of the latest campaign that shows it; else the first that there is.

    Raises:
        NotFound: there is none.
    """
    named = session.scalar(
        select(CallerId.agent).where(CallerId.phone == ours.phone, CallerId.organization_id == ours.organization_id)
    )
    if named:
        return store.find_version(session, ours.organization_id, named).id
    found = session.scalar(
        select(Campaign.agent_version_id)
        .join(CallerId, CallerId.id == Campaign.caller_id_id)
        .where(CallerId.phone == ours.phone, Campaign.organization_id == ours.organization_id)
        .order_by(Campaign.created_at.desc())
        .limit(1)
    ) or session.scalar(
        select(AgentVersion.id)
        .where(AgentVersion.organization_id == ours.organization_id)
        .order_by(AgentVersion.created_at)
        .limit(1)
    )
    if found is None:
        raise NotFound("agent for", ours.phone)
    return found


STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"})
ASKING = frozenset({"please", "pls", "plz", "kindly"})
POLITE = ASKING | frozenset(
    {"thanks", "thank", "you", "now", "all", "it", "calling", "texting", "me", "us", "calls", "texts", "messages"}
)


def asks_to_stop(text: str) -> bool:
    """Whether a text message means: no more. It is a word for that, besides a "please", or says it in other words."""
    words = "".join(letter if letter.isalpha() else " " for letter in text.lower()).split()
    while words and words[0] in ASKING:
        del words[0]
    return (bool(words) and words[0] in STOP_WORDS and set(words[1:]) <= POLITE | STOP_WORDS) or wants_out(text)
