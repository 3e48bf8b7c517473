"""A real call that is over, as it can be played again: who it was, what each side said, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer.agents.models import AgentVersion
from dialer.calls import briefings
from dialer.calls.models import Call, Direction, Turn
from dialer.conversation.facts import Speaker
from dialer.errors import BadInput, NotFound
from dialer.evals.cases import Line
from dialer.evals.verdict import reply_ms
from dialer.outcomes.models import Disposition, Outcome


@dataclass(frozen=True, slots=True)
class Answered:
    """What the person did, and what the agent had said before."""

    heard: str
    line: Line


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call."""

    call_id: UUID
    version: AgentVersion
    """Who talked then."""
    direction: Direction
    lead: dict[str, Any]
    local_time: datetime
    picked_up: str
    """What whoever answered said before the agent said anything."""
    lines: tuple[Answered, ...]
    closing: str
    """What the agent said after the person's last words."""
    outcome: Disposition | None
    replies_ms: tuple[float, ...]


def load(session: Session, organization_id: UUID, call_id: UUID) -> Recorded:
    """Read a call.

    Raises:
        NotFound: the organization has no such call.
        BadInput: nobody said anything in it.
    """
    call = session.scalar(select(Call).where(Call.id == call_id, Call.organization_id == organization_id))
    if call is None:
        raise NotFound("call", call_id)
    turns = session.scalars(select(Turn).where(Turn.call_id == call_id).order_by(Turn.epoch, Turn.number)).all()
    if not any(turn.speaker == Speaker.PERSON and turn.text for turn in turns):
        raise BadInput(f"In call {call_id} nobody said anything that could be played again.")
    briefing = briefings.brief(session, call_id, now=call.answered_at or call.claimed_at)
    picked_up, lines, closing = _dialogue([(turn.speaker, turn.kind, turn.text) for turn in turns if turn.text])
    return Recorded(
        call_id=call_id,
        version=session.get_one(AgentVersion, call.agent_version_id),
        direction=call.direction,
        lead={name: value for name, value in briefing.lead.items() if name != "earlier_calls"},
        local_time=briefing.local_time,
        picked_up=picked_up,
        lines=lines,
        closing=closing,
        outcome=session.scalar(select(Outcome.disposition).where(Outcome.call_id == call_id)),
        replies_ms=tuple(took for turn in turns if (took := reply_ms(turn.timings_ms)) is not None),
    )


def _dialogue(turns: list[tuple[str, str, str]]) -> tuple[str, tuple[Answered, ...], str]:
    """Cut turns (speaker, kind, text) into what was said first, the person's lines, and the agent's last words."""
    picked_up: list[str] = []
    lines: list[Answered] = []
    heard: list[str] = []
    for speaker, kind, text in turns:
        if speaker == Speaker.AGENT:
            heard.append(text)
        elif not heard and not lines:
            picked_up.append(text)
        elif heard or not lines:
            lines.append(Answered(" ".join(heard), Line(presses=text) if kind == "digits" else Line(says=text)))
            heard = []
        else:  # the agent said nothing between: both turns answer the same words
            last = lines.pop()
            more = {"presses": text} if kind == "digits" else {"says": f"{last.line.says} {text}".strip()}
            lines.append(Answered(last.heard, last.line.model_copy(update=more)))
    return " ".join(picked_up), tuple(lines), " ".join(heard)
