"""One decision of the rules: may this lead be called at this instant."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from bench.database import NOON, PLACE
from bench.rows import Bench, Figure, Row
from bench.spread import Spread
from dialer.campaigns import rules
from dialer.campaigns.calendar import calendar
from dialer.leads import places

RUNS: Final = 5
DECISIONS: Final = 20_000
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat")


def measure(bench: Bench) -> Row:
    """Decide the same lead at many instants of a week."""
    facts = rules.Facts(
        gate_shut=False,
        campaign_running=True,
        caller_id_stopped=False,
        calendar=calendar({day: [["09:00", "20:00"]] for day in DAYS}, None, None),
        place=places.parse(PLACE),
        ring_timeout_s=25,
        suppressed=False,
        consented=True,
        attempts=1,
        max_attempts=3,
    )
    number = DECISIONS // 10 if bench.quick else DECISIONS
    instants = [NOON + timedelta(seconds=30 * step) for step in range(number)]
    took_us = []
    for _ in range(RUNS):
        began = time.thread_time()
        for instant in instants:
            rules.forbids(facts, instant)
        took_us.append((time.thread_time() - began) / number * 1e6)
    ours = Spread.of(took_us)
    return Row("decision", (Figure("a decision", "µs", ours, {}, "≤ 20", ours.median <= 20),))
