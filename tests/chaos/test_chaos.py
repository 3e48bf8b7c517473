"""The short selection of faults, each against real processes and servers, judged by the carrier's own ledger."""

from __future__ import annotations

import pytest

from tests.chaos import catalogue, running
from tests.chaos.running import Result

SEED = 7
SHORT = catalogue.chosen(everything=False)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    """What came of each: run as the faults ask for it, in worlds that they share."""
    return {result.fault: result for result in running.run(SHORT, SEED)}


@pytest.mark.parametrize("number", [fault.number for fault in SHORT])
def test_nobody_is_called_twice_and_nothing_is_lost(results: dict[str, Result], number: str) -> None:
    result = results[number]

    assert result.broken == [], result.replay
