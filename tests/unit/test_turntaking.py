"""An agent's settings of turn-taking, and what the documentation says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.agents.turntaking import Turntaking

TABLE = Path(__file__).parents[2] / "docs" / "latency.md"


@pytest.mark.parametrize("name", Turntaking.model_fields)
def test_each_constant_is_documented_with_its_default(name: str) -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| `") and name in line]
    assert rows, name
    default = Turntaking.model_fields[name].default
    assert isinstance(default, bool) or str(default) in rows[0].split("|")[2]
