"""Claiming 50 due leads, against the bare UPDATE with SKIP LOCKED that pgbench sends over the same table."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text

from bench.database import BY, PLACE, Database, database
from bench.rows import Bench, Figure, Row
from bench.spread import Spread, percentile
from dialer.calls import seats
from dialer.calls.models import Call
from dialer.campaigns import claiming
from dialer.db import transaction
from dialer.embedded.postgres import binaries
from dialer.errors import DialerError

AT_ONCE: Final = 50
RUNS: Final = 3
CLAIMS: Final = 30
"""Of a run."""
SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK_SIZES: Final = (5_000, 10_000)
LIMIT_S: Final = 120.0
_BARE = """
UPDATE leads SET state = 'in_flight', due_at = NULL, moved_at = now() WHERE id IN (
  SELECT id FROM leads WHERE campaign_id = '{campaign_id}' AND state = 'due' AND place = '{place}'
  AND due_at <= dialer_now() ORDER BY due_at, id LIMIT {at_once} FOR UPDATE SKIP LOCKED);
"""
_CLOSE = text("UPDATE calls SET state = 'withdrawn', closed_wall = clock_timestamp() WHERE state = 'claimed'")


def measure(bench: Bench) -> Row:
    """Claim from tables of several sizes."""
    figures: list[Figure] = []
    with database(bench, "claim") as there:
        filled = 0
        for size in QUICK_SIZES if bench.quick else SIZES:
            bench.tell(f"claim: {size:,} leads …")
            there.fill(size - filled, first=filled + 1)
            if not filled:
                there.start()
            filled = size
            rates, times_ms = [], []
            for _ in range(RUNS):
                run_ms = [_claim_ms(there) for _ in range(CLAIMS)]
                rates.append(AT_ONCE * len(run_ms) * 1000 / sum(run_ms))
                times_ms += run_ms
            bare = Spread.of([_bare(there, bench.home) for _ in range(RUNS)])
            ours = Spread.of(rates)
            name = f"{size:,} leads"
            met = ours.median >= bare.median / 2
            figures += [
                Figure(f"leads claimed, {name}", "1/s", ours, {"SKIP LOCKED": bare}, "≥ 0.5 of it", met),
                Figure(f"a claim of {AT_ONCE}, p95, {name}", "ms", Spread.of([percentile(times_ms, 0.95)])),
            ]
    flat = figures[-1].ours.median <= 1.2 * figures[1].ours.median
    figures[-1] = Figure(figures[-1].what, "ms", figures[-1].ours, {}, "≤ 1.2 of the smallest table's", flat)
    return Row("claim", tuple(figures))


def _claim_ms(there: Database) -> float:
    """Claim once with exactly so many seats free, and close what was claimed."""
    published: list[UUID] = []
    with transaction(there.sessions) as tx:
        tx.session.execute(_CLOSE)
        seats.beat(tx.session, name=BY, media_url="ws://127.0.0.1", seats=AT_ONCE, draining=False)
    began = time.perf_counter()
    claimed = claiming.claim(there.sessions, publish=published.append, ratio=1.0, secret="bench")
    took_ms = (time.perf_counter() - began) * 1000
    if claimed != AT_ONCE:
        with there.sessions() as session:
            calls = session.scalar(select(func.count()).select_from(Call))
        raise DialerError(f"{claimed} leads were claimed instead of {AT_ONCE}; there are {calls} calls.")
    return took_ms


def _bare(there: Database, home: Path) -> float:
    """Leads per second of the bare statement, one connection."""
    script = home / "claim.sql"
    script.write_text(_BARE.format(campaign_id=there.campaign_id, place=PLACE, at_once=AT_ONCE).replace("\n", " "))
    command = [str(binaries() / "pgbench"), "--no-vacuum", "--transactions", str(CLAIMS), "--file", str(script)]
    done = subprocess.run(
        [*command, there.settings.database_url], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None:
        raise DialerError(f"pgbench failed: {done.stderr[-400:]}")
    return float(found[1]) * AT_ONCE
