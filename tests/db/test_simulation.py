"""The simulation: under random faults the laws hold after each step, and it can tell when they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dialer.calls import dialing
from dialer.campaigns.calendar import Calendar
from dialer.errors import CarrierSilent
from dialer.settings import Settings
from dialer.simulation.faults import MANY, SOME, Fault, Plan
from dialer.simulation.judging import Violation
from dialer.simulation.results import Result, Wish
from dialer.simulation.running import Simulation
from dialer.telephony.base import Carrier, Deadline, DialOrder
from tests.databases import Databases

Simulate = Callable[[Wish], Result]
PLANS = st.dictionaries(st.sampled_from(Fault), st.floats(0.01, 0.3), max_size=6)


@contextmanager
def simulation(databases: Databases, wish: Wish) -> Iterator[Simulation]:
    """A simulation on a database of its own."""
    with databases.fresh() as url:
        made = Simulation(url, Settings(), wish)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def simulate(databases: Databases) -> Simulate:
    def run(wish: Wish) -> Result:
        with simulation(databases, wish) as made:
            return made.run()

    return run


@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10_000), plan=PLANS, disturbances=st.integers(0, 6))
def test_whatever_goes_wrong_the_laws_hold_after_each_step(
    simulate: Simulate, seed: int, plan: Plan, disturbances: int
) -> None:
    result = simulate(Wish(leads=4, days=0.4, seed=seed, plan=plan, check_every=1, disturbances=disturbances))

    assert result.leads["in_flight"] == result.leads["unknown"] == 0
    assert not any(result.laws.values())


def test_many_faults_leave_every_lead_done_or_blocked(simulate: Simulate) -> None:
    result = simulate(Wish(leads=6, seed=3, plan=MANY, check_every=20, disturbances=3))

    assert result.came_to_rest
    assert result.leads["done"] + result.leads["blocked"] == 6
    assert len(result.faults) >= 8


def test_the_same_seed_is_the_same_run(simulate: Simulate) -> None:
    wish = Wish(leads=4, days=0.4, seed=11, plan=MANY, disturbances=4)

    first, again, other = simulate(wish), simulate(wish), simulate(replace(wish, seed=12))

    assert first.log_sha256 == again.log_sha256
    assert first.outcomes == again.outcomes
    assert first.log_sha256 != other.log_sha256


def test_a_violation_names_seed_and_step_and_shows_the_last_events(databases: Databases) -> None:
    with simulation(databases, Wish(leads=2, seed=5)) as made:
        made.judge.terms.clear()
        with pytest.raises(Violation, match=r"law 3: .* without consent \(seed 5, step \d+") as broken:
            made.run()

    assert any("leads.place" in line for line in broken.value.events)


class Retrying:
    """A client that sends again what brought no reply, as SDKs do unless they are told not to."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def place(self, order: DialOrder, deadline: Deadline) -> str:
        try:
            return self._carrier.place(order, deadline)
        except CarrierSilent:
            return self._carrier.place(order, deadline)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._carrier, name)


def test_it_tells_a_post_that_is_sent_twice(databases: Databases) -> None:
    with simulation(databases, Wish(leads=6, seed=1, plan={Fault.REPLY_LOST: 0.5})) as made:
        made.product.dialing = replace(made.product.dialing, carrier=Retrying(made.carrier))
        with pytest.raises(Violation, match=r"law 1: .* dialed 2 times"):
            made.run()


def test_it_tells_a_missing_fence(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    fence = dialing._move_to_dialing
    monkeypatch.setattr(dialing, "_move_to_dialing", lambda *args: fence(*args) or True)
    plan = {Fault.MESSAGE_DOUBLED: 1.0, Fault.FREEZE: 0.5}

    with (
        simulation(databases, Wish(leads=6, seed=1, plan=plan)) as made,
        pytest.raises(Violation, match=r"law 1: .* dialed 2 times|cannot become withdrawn"),
    ):
        made.run()


def test_it_tells_a_missing_deadline(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "DEADLINE_S", 1e9)
    wish = Wish(leads=10, seed=2, plan={Fault.FREEZE: 0.4}, disturbances=15)

    with (
        simulation(databases, wish) as made,
        pytest.raises(Violation, match=r"law 4: .* has opted out|the gate was shut"),
    ):
        made.run()


def test_it_tells_a_missing_calendar(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Calendar, "is_open", lambda *_, **__: True)

    with simulation(databases, Wish(leads=6, seed=1)) as made, pytest.raises(Violation, match=r"law 3: .* own time"):
        made.run()


def test_it_tells_a_missing_index_of_open_numbers(databases: Databases) -> None:
    with simulation(databases, Wish(leads=10, seed=1, plan=SOME)) as made:
        with made.sessions.begin() as session:
            session.execute(text("DROP INDEX uq_calls_open_phone"))
        with pytest.raises(Violation, match=r"law 2: .* 2 open calls"):
            made.run()
