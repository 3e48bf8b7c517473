"""What is wished of a simulation, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select

from dialer.calls.models import Call, CallMove
from dialer.calls.states import CallState
from dialer.campaigns import balance
from dialer.db import Sessions
from dialer.simulation.faults import Plan

_WAS_UNKNOWN = select(func.count(func.distinct(CallMove.call_id))).where(CallMove.state == CallState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to simulate."""

    leads: int = 100
    days: float = 5
    seed: int = 1
    plan: Plan = field(default_factory=dict)
    check_every: int = 50
    """Ask for the laws after each so many steps; 1: after every step."""
    disturbances: int = 0
    """How often an operator stops or pauses dialing, or somebody opts out, at some moment of the days."""
    concurrency: int = 20
    grace_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    seed: int
    simulated_days: float
    steps: int
    calls: int
    outcomes: dict[str, int]
    leads: dict[str, int]
    unknown_settled: int
    faults: dict[str, int]
    crashes: dict[str, int]
    opt_outs: int
    laws: dict[str, int]
    wall_seconds: float
    calls_per_second: float
    came_to_rest: bool
    log_sha256: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database says at the end."""

    outcomes: dict[str, int]
    leads: dict[str, int]
    calls: int
    unknown: int
    """Calls that were once `unknown`."""


def rows(sessions: Sessions, campaigns: Sequence[UUID]) -> Rows:
    """Count what came of all campaigns together."""
    outcomes: Counter[str] = Counter()
    leads: dict[str, int] = {}
    with sessions() as session:
        for campaign_id in campaigns:
            outcomes.update(balance.outcomes(session, campaign_id))
            for name, number in balance.count(session, campaign_id).items():
                leads[name] = leads.get(name, 0) + number
        calls = session.scalar(select(func.count()).select_from(Call)) or 0
        unknown = session.scalar(_WAS_UNKNOWN) or 0
    return Rows(dict(sorted(outcomes.items())), leads, calls, unknown)
