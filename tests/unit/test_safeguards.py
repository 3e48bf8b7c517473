"""`make safeguards` takes out what it says: each safeguard is still where its table has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.safeguards.table import SAFEGUARDS, Safeguard

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda safeguard: safeguard.name)
def test_it_can_be_taken_out_and_is_looked_for_by_tests(safeguard: Safeguard) -> None:
    assert (ROOT / safeguard.file).read_text().count(safeguard.code) == 1
    assert safeguard.without != safeguard.code
    assert all((ROOT / test.partition("::")[0]).exists() for test in safeguard.tests)
