"""What can be measured, by name, in the order in which it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bench import api, claiming, deciding, importing, live, starting
from bench.rows import Measurement

MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        "live": live.measure,
        "claim": claiming.measure,
        "import": importing.measure,
        "tasks": starting.measure,
        "decision": deciding.measure,
        "api": api.measure,
    }
)
