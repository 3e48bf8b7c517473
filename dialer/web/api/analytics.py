"""/api/analytics: what came of the calls, by campaign, agent version, hour, day and disposition."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from dialer import clock
from dialer.analytics import queries
from dialer.analytics.queries import Which
from dialer.analytics.rollups import Dimension, Emotions, Rollup
from dialer.errors import BadInput
from dialer.web import understanding
from dialer.web.auth import Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/analytics", tags=["analytics"])

LONGEST: Final = timedelta(days=366)
USUAL: Final = timedelta(days=30)


class Outcomes(BaseModel):
    """Figures of the calls that were claimed from `since` until before `until`."""

    since: datetime
    until: datetime
    total: Rollup
    groups: list[Rollup]


class Feelings(BaseModel):
    """The same of what people felt and wanted."""

    since: datetime
    until: datetime
    total: Emotions


def _which(
    state: State,
    since: Annotated[AwareDatetime | None, Query(description="Campaign time; 30 days before `until`.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Campaign time; now.")] = None,
    campaign_id: UUID | None = None,
    timezone: Annotated[str, Query(max_length=60, description="Of hours and days, IANA.")] = "UTC",
) -> Which:
    understanding.read_zone(timezone)
    if until is None:
        with state.sessions() as session:
            until = clock.now(session) + timedelta(seconds=1)
    since = since or until - USUAL
    if not timedelta(0) < until - since <= LONGEST:
        raise BadInput("`since` must lie before `until`, by 366 days at most.")
    return Which(since, until, campaign_id, timezone)


Asked = Annotated[Which, Depends(_which)]


@router.get("")
def outcomes(
    who: Viewer,
    state: State,
    which: Asked,
    by: Annotated[list[Dimension] | None, Query(description="May be repeated; in this order.", max_length=4)] = None,
) -> Outcomes:
    """Count calls and what came of them. Test calls and attempts that were never sent are left out."""
    dimensions = list(dict.fromkeys(by or ()))
    with state.sessions() as session:
        (total,) = queries.outcomes(session, who.organization_id, which, ())
        groups = queries.outcomes(session, who.organization_id, which, dimensions) if dimensions else []
    return Outcomes(since=which.since, until=which.until, total=total, groups=groups)


@router.get("/emotions")
def emotions(who: Viewer, state: State, which: Asked) -> Feelings:
    """Count what people felt and wanted, over all of their turns that were understood."""
    with state.sessions() as session:
        return Feelings(
            since=which.since, until=which.until, total=queries.emotions(session, who.organization_id, which)
        )
