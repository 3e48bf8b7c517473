"""What can be measured, by name, in the order in which it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bench import api, calling, claiming, deciding, importing, live, setup, starting, sweeping
from bench.rows import Measurement

MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        "live": live.measure,
        "claim": claiming.measure,
        "import": importing.measure,
        "tasks": starting.measure,
        "decision": deciding.measure,
        "sweep": sweeping.measure,
        "calls": calling.measure,
        "setup": setup.measure,
        "api": api.measure,
    }
)
