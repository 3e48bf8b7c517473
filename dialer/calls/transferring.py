"""A warm transfer: a colleague hears what it is about and takes the person by pressing 1, or the person comes back.

The row of the call says how it stands: asked, accepted, declined. The call is transferred only once it is accepted.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dialer import clock
from dialer.agents import store
from dialer.agents.definition import AgentDefinition
from dialer.calls import gate, queries
from dialer.calls.models import Call, ToolUse
from dialer.calls.moving import move
from dialer.calls.states import LIVE, CallState
from dialer.conversation.facts import EndReason
from dialer.db import Sessions, transaction
from dialer.leads import suppression
from dialer.leads.models import Lead

ACCEPT_DIGIT = "1"
ASKED, ACCEPTED, DECLINED = "asked", "accepted", "declined"
LONGEST_REASON = 300


def ask(session: Session, call: Call, *, secret: str) -> bool:
    """Let a colleague be called, unless nothing may be dialed, or their number wants no calls. Asked again: the same.

    The caller holds the call's row.
    """
    call.transfer = DECLINED if forbidden(session, call, secret=secret) else call.transfer or ASKED
    return call.transfer == ASKED


def forbidden(session: Session, call: Call, *, secret: str) -> bool:
    """Whether the number that a call is to be transferred to may not be dialed: nothing may, or it wants no calls."""
    number = call.transfer_to or ""
    return gate.is_shut(session) or suppression.is_suppressed(session, call.organization_id, number, secret)


def is_warm(session: Session, call: Call) -> bool:
    """Whether the agent of a call hands people over to a colleague who must accept."""
    return agent_of(session, call).transfer_mode == "warm"


def agent_of(session: Session, call: Call) -> AgentDefinition:
    """The agent of a call."""
    return store.definition_of(session, call.agent_version_id)


def briefing(sessions: Sessions, call_id: UUID) -> tuple[str, str] | None:
    """What the colleague hears, and its language; None: nobody waits for them any more.

    Raises:
        NotFound: there is no such call.
    """
    with transaction(sessions) as tx:
        call = queries.one(tx.session, call_id)
        if call.transfer != ASKED or call.state not in LIVE:
            return None
        agent = agent_of(tx.session, call)
        who, why = about(tx.session, call)
        said = f"{agent.name} of {agent.seller} has {who} on the line. {why}".strip()
        return f"{said} Press {ACCEPT_DIGIT} to take the call.", agent.language


def about(session: Session, call: Call) -> tuple[str, str]:
    """Whom a colleague is to talk to, and why, as the agent put it."""
    lead = session.get(Lead, call.lead_id) if call.lead_id else None
    name = f"{lead.first_name} {lead.last_name}".strip() if lead else ""
    who = ", ".join(part for part in (name, lead.company if lead else "") if part) or "somebody"
    used = session.scalars(
        select(ToolUse)
        .where(ToolUse.call_id == call.id, ToolUse.name == "transfer", ToolUse.ok)
        .order_by(ToolUse.id.desc())
        .limit(1)
    ).first()
    return who, str(used.arguments.get("reason") or "")[:LONGEST_REASON] if used else ""


def answer(sessions: Sessions, call_id: UUID, digits: str) -> bool:
    """Take the colleague's answer. Returns whether the two are to be connected; told twice, the same."""
    to = ACCEPTED if digits == ACCEPT_DIGIT else DECLINED
    with transaction(sessions) as tx:
        session = tx.session
        won = session.scalar(
            update(Call)
            .where(Call.id == call_id, Call.transfer == ASKED, Call.state.in_(LIVE))
            .values(transfer=to)
            .returning(Call.id)
        )
        if won is not None and to == ACCEPTED:
            now = clock.now(session)
            move(session, call_id, CallState.TRANSFERRED, now=now, by="colleague", why="took the call by pressing 1")
        return session.scalar(select(Call.transfer).where(Call.id == call_id)) == ACCEPTED


def come_back(call: Call) -> bool:
    """Give a call that no colleague took back to its agent. Returns whether it was such a call.

    The caller holds the call's row.
    """
    if call.transfer not in (ASKED, DECLINED) or call.ending != EndReason.TRANSFER:
        return False
    decline(call)
    return True


def decline(call: Call) -> None:
    """Transfer the person of a call to nobody: they go on with the agent. The caller holds the call's row."""
    call.transfer, call.ending, call.transfer_to = DECLINED, None, None
