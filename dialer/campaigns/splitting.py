"""Campaigns that try several versions of an agent: each lead belongs to one of them, by hash and weight.

The assignment is computed and never stored: all attempts at a lead, and a call that a restore brings back, get the same
version. What a call really used stands in its own row.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.agents.models import Agent, AgentVersion
from dialer.agents.store import find_version
from dialer.calls.models import Call, Purpose
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignAgent
from dialer.errors import BadInput
from dialer.outcomes.models import Outcome

MOST_WEIGHT: Final = 10_000
_HASH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Split:
    """The versions of one campaign with their weights, in a fixed order; one version alone has all the weight."""

    campaign_id: UUID
    weights: tuple[tuple[UUID, int], ...]

    def version(self, lead_id: int) -> UUID:
        """Return the version of a lead: always the same, and of many leads in proportion to the weights."""
        if len(self.weights) == 1:
            return self.weights[0][0]
        digest = hashlib.sha256(f"{self.campaign_id}:{lead_id}".encode()).digest()
        at = int.from_bytes(digest[:_HASH_BYTES]) * sum(weight for _, weight in self.weights) >> 8 * _HASH_BYTES
        for version_id, weight in self.weights:
            at -= weight
            if at < 0:
                return version_id
        raise AssertionError("the point lies below the sum of the weights")


def parse(text: str) -> dict[str, int]:
    """Read "Ava@3=70,Ava@4=30": versions and their weights.

    Raises:
        BadInput: it is written otherwise, or names a version twice.
    """
    weights: dict[str, int] = {}
    for part in text.split(","):
        version, _, weight = part.strip().rpartition("=")
        if not version or not weight.isdecimal() or version in weights:
            raise BadInput(f'"{text}" is no split: write each version once with its weight, such as Ava@3=70,Ava@4=30.')
        weights[version] = int(weight)
    return weights


def keep(session: Session, campaign: Campaign, weights: Mapping[str, int]) -> None:
    """Split a new campaign's leads over versions ("Ava@3", an agent's name or a version's id) by weight.

    Raises:
        BadInput: fewer than two versions, a weight out of range, or versions of different purposes.
        NotFound: there is no such version.
    """
    if len(weights) < 2 or not all(0 < weight <= MOST_WEIGHT for weight in weights.values()):
        raise BadInput(f"A split takes two versions or more, each with a weight from 1 to {MOST_WEIGHT}.")
    versions = {
        name: find_version(session, campaign.organization_id, name)
        for name in (*weights, str(campaign.agent_version_id))
    }
    if len({version.id for name, version in versions.items() if name in weights}) < len(weights):
        raise BadInput("A split names each version once.")
    if len({version.definition["purpose"] for version in versions.values()}) > 1:
        raise BadInput("All versions of a campaign need the same purpose, for consent depends on it.")
    session.add_all(
        CampaignAgent(
            campaign_id=campaign.id,
            agent_version_id=versions[name].id,
            organization_id=campaign.organization_id,
            weight=weight,
        )
        for name, weight in weights.items()
    )
    session.flush()


def of(session: Session, campaign: Campaign) -> Split:
    """Return how a campaign's leads are split."""
    rows = session.execute(
        select(CampaignAgent.agent_version_id, CampaignAgent.weight)
        .where(CampaignAgent.campaign_id == campaign.id)
        .order_by(CampaignAgent.agent_version_id)
    ).all()
    return Split(campaign.id, tuple((row[0], row[1]) for row in rows) or ((campaign.agent_version_id, 1),))


def named(session: Session, campaigns: list[UUID]) -> dict[UUID, dict[str, int]]:
    """Return the splits of campaigns as `parse` reads them: version and weight. One without a split is left out."""
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for campaign_id, name, number, weight in session.execute(
        select(CampaignAgent.campaign_id, Agent.name, AgentVersion.number, CampaignAgent.weight)
        .join(AgentVersion, AgentVersion.id == CampaignAgent.agent_version_id)
        .join(Agent, Agent.id == AgentVersion.agent_id)
        .where(CampaignAgent.campaign_id.in_(campaigns))
        .order_by(Agent.name, AgentVersion.number)
    ):
        found[campaign_id][f"{name}@{number}"] = weight
    return found


def results(session: Session, campaign: Campaign) -> dict[str, dict[str, Any]]:
    """Return for each version ("Ava@3") its weight, its calls and their outcomes; versions of earlier calls included.

    Compares versions: only calls of the campaign itself count, not those of people who called back.
    """
    weights = dict(of(session, campaign).weights)
    counted = func.count()
    rows = session.execute(
        select(Call.agent_version_id, Outcome.disposition, counted)
        .outerjoin(Outcome, Outcome.call_id == Call.id)
        .where(Call.campaign_id == campaign.id, Call.purpose == Purpose.CAMPAIGN, Call.state != CallState.WITHDRAWN)
        .group_by(Call.agent_version_id, Outcome.disposition)
        .order_by(counted.desc(), Outcome.disposition)
    ).all()
    names = session.execute(
        select(AgentVersion.id, Agent.name, AgentVersion.number)
        .join(Agent, Agent.id == AgentVersion.agent_id)
        .where(AgentVersion.id.in_({*weights, *(row[0] for row in rows)}))
        .order_by(Agent.name, AgentVersion.number)
    )
    shown: dict[str, dict[str, Any]] = {}
    for version_id, name, number in names:
        mine = [(disposition, count) for of_version, disposition, count in rows if of_version == version_id]
        shown[f"{name}@{number}"] = {
            "weight": weights.get(version_id, 0),
            "calls": sum(count for _, count in mine),
            "outcomes": {disposition.value: count for disposition, count in mine if disposition is not None},
        }
    return shown
