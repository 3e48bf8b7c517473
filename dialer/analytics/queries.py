"""The SQL of what came of the calls. Nothing here changes a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, Text, cast, func, literal, select
from sqlalchemy.orm import Session

from dialer.agents.models import Agent, AgentVersion
from dialer.analytics.rollups import Dimension, Emotions, Rollup, Usage
from dialer.calls.models import Call, Direction, Purpose, Tally, Turn
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign
from dialer.conversation.facts import Speaker
from dialer.outcomes.models import Outcome

_COUNTERS: Final = (
    "prompt_tokens",
    "completion_tokens",
    "eager_wasted_prompt_tokens",
    "eager_wasted_completion_tokens",
    "stt_s",
    "tts_characters",
)
"""Of a seat's tally, what vendors charge for. The first two are of answers that were said."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which calls of an organization: claimed from `since` until before `until`, in campaign time."""

    since: datetime
    until: datetime
    campaign_id: UUID | None = None
    zone: str = "UTC"
    """In which hours and days are told."""

    def conditions(self, organization_id: UUID) -> list[ColumnElement[bool]]:
        """The same in SQL. Test calls, and attempts that were never sent, are no results."""
        found: list[ColumnElement[bool]] = [
            Call.organization_id == organization_id,
            Call.claimed_at >= self.since,
            Call.claimed_at < self.until,
            Call.purpose != Purpose.TEST,
            Call.state != CallState.WITHDRAWN,
        ]
        if self.campaign_id is not None:
            found.append(Call.campaign_id == self.campaign_id)
        return found


def outcomes(session: Session, organization_id: UUID, which: Which, by: Sequence[Dimension]) -> list[Rollup]:
    """Count calls and what came of them, grouped by the dimensions, in their order. One group of all without any."""
    columns = [_column(dimension, which).label(dimension.value) for dimension in by]
    answered = Call.answered_at.is_not(None)
    figures = (
        func.count().label("calls"),
        func.count().filter(answered).label("answered"),
        func.count().filter(Outcome.call_id.is_not(None)).label("finished"),
        func.coalesce(func.sum(Call.talk_s), 0.0).label("talk_s"),
        cast(func.coalesce(func.avg(Call.talk_s).filter(answered), 0.0), Float).label("mean_talk_s"),
    )
    base = (
        select(*columns, *figures)
        .select_from(Call)
        .outerjoin(Campaign, Campaign.id == Call.campaign_id)
        .join(AgentVersion, AgentVersion.id == Call.agent_version_id)
        .join(Agent, Agent.id == AgentVersion.agent_id)
        .outerjoin(Outcome, Outcome.call_id == Call.id)
        .where(*which.conditions(organization_id))
        .group_by(*columns)
        .order_by(*columns)
    )
    dispositions = _dispositions(session, base, columns)
    usage = _usage(session, base, columns)
    width = len(by)
    return [
        Rollup(
            group={dimension.value: _plain(value) for dimension, value in zip(by, row[:width], strict=True)},
            calls=row.calls,
            answered=row.answered,
            finished=row.finished,
            talk_s=round(float(row.talk_s), 1),
            mean_talk_s=round(row.mean_talk_s, 1),
            dispositions=dict(sorted(dispositions.get(tuple(row[:width]), {}).items())),
            usage=usage.get(tuple(row[:width]), Usage()),
        )
        for row in session.execute(base)
    ]


def _dispositions(
    session: Session, base: Select[Any], columns: Sequence[ColumnElement[Any]]
) -> dict[tuple[Any, ...], dict[str, int]]:
    """How each group's calls ended, by the group's values."""
    counted = (
        base.with_only_columns(*columns, Outcome.disposition, func.count())
        .where(Outcome.call_id.is_not(None))
        .group_by(None)
        .group_by(*columns, Outcome.disposition)
        .order_by(None)
    )
    width = len(columns)
    found: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in session.execute(counted):
        found.setdefault(tuple(row[:width]), {})[row[width].value] = row[width + 1]
    return found


def _usage(session: Session, base: Select[Any], columns: Sequence[ColumnElement[Any]]) -> dict[tuple[Any, ...], Usage]:
    """What the seats of each group's calls used. A call has a tally for each of its seats."""
    sums = [func.coalesce(func.sum(cast(Tally.counters[name].astext, Float)), 0.0) for name in _COUNTERS]
    used = base.with_only_columns(*columns, *sums).join(Tally, Tally.call_id == Call.id).order_by(None)
    width = len(columns)
    found = {}
    for row in session.execute(used):
        prompt, completion, wasted_prompt, wasted_completion, stt_s, characters = row[width:]
        found[tuple(row[:width])] = Usage(
            prompt_tokens=round(prompt + wasted_prompt),
            completion_tokens=round(completion + wasted_completion),
            wasted_prompt_tokens=round(wasted_prompt),
            wasted_completion_tokens=round(wasted_completion),
            stt_s=round(stt_s, 1),
            tts_characters=round(characters),
        )
    return found


def emotions(session: Session, organization_id: UUID, which: Which) -> Emotions:
    """Count what people felt and wanted, over all of their turns that were understood."""
    turns = (
        select(
            Turn.understanding["emotion"].astext.label("emotion"),
            Turn.understanding["intent"].astext.label("intent"),
            cast(Turn.understanding["sentiment"].astext, Float).label("sentiment"),
        )
        .join(Call, Call.id == Turn.call_id)
        .where(*which.conditions(organization_id))
        .where(Turn.speaker == Speaker.PERSON.value, Turn.understanding.is_not(None))
        .subquery()
    )
    number = func.count().label("number")
    felt = session.execute(select(turns.c.emotion, number).group_by(turns.c.emotion).order_by(turns.c.emotion))
    wanted = session.execute(select(turns.c.intent, number).group_by(turns.c.intent).order_by(turns.c.intent))
    count, sentiment = session.execute(select(func.count(), func.avg(turns.c.sentiment)).select_from(turns)).one()
    return Emotions(
        turns=count,
        mean_sentiment=round(sentiment, 3) if sentiment is not None else None,
        emotions={row.emotion: row.number for row in felt},
        intents={row.intent: row.number for row in wanted},
    )


def _column(dimension: Dimension, which: Which) -> ColumnElement[Any]:
    """What a dimension groups by. Hours and days are those of `which.zone`."""
    local = func.timezone(which.zone, Call.claimed_at)
    match dimension:
        case Dimension.CAMPAIGN:
            return func.coalesce(Campaign.name, "")
        case Dimension.AGENT_VERSION:
            return func.concat(Agent.name, literal(" v"), cast(AgentVersion.number, Text))
        case Dimension.HOUR:
            return func.extract("hour", local)
        case Dimension.DAY:
            return func.to_char(local, "YYYY-MM-DD")
        case Dimension.DISPOSITION:
            return func.coalesce(cast(Outcome.disposition, Text), "")
        case Dimension.DIRECTION:
            return cast(Call.direction, Text)


def _plain(value: Any) -> str | int:
    return value.value if isinstance(value, Direction) else value if isinstance(value, str) else int(value)
