"""Rows for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dialer.calls.models import Call
from dialer.campaigns.models import Campaign
from dialer.db import Sessions
from dialer.leads.models import Lead
from tests.db.engine import CampaignEngine
from tests.db.ringing import Line
from tests.factories import Factory


@pytest.fixture
def factory(sessions: Sessions) -> Factory:
    """Campaign time is `tests.factories.NOON`."""
    factory = Factory(sessions)
    factory.set_clock()
    return factory


@pytest.fixture
def make_campaign(factory: Factory) -> Callable[..., Campaign]:
    return factory.campaign


@pytest.fixture
def make_lead(factory: Factory) -> Callable[..., Lead]:
    return factory.lead


@pytest.fixture
def make_call(factory: Factory) -> Callable[..., Call]:
    return factory.call


@pytest.fixture
def engine_room(sessions: Sessions, factory: Factory) -> CampaignEngine:
    """The campaign engine with ten live seats."""
    room = CampaignEngine(sessions)
    room.have_seats()
    return room


@pytest.fixture
def line(engine_room: CampaignEngine, factory: Factory) -> Line:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    return Line(engine_room, call_id)


@pytest.fixture
def seated(line: Line) -> Line:
    """The same, answered and taken by a worker."""
    line.pick_up()
    assert line.take(1)
    return line
