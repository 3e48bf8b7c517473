"""Claiming 50 due leads, against the bare UPDATE with SKIP LOCKED that pgbench sends over the same table."""

from __future__ import annotations

import re
import shutil
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
WARM_UP: Final = 6
"""Claims before the first run: by then statements are prepared, and PostgreSQL has counted the calls."""
NEEDED: Final = (2 * RUNS * CLAIMS + WARM_UP) * AT_ONCE
"""Due leads that ours and the bare statement together take, so that neither ever finds none."""
SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK_SIZES: Final = (10_000, 20_000)
LARGE: Final = 10_000_000
LARGE_GB: Final = 40
"""Room on the disk without which the large table is left out; about half of it is used."""
LIMIT_S: Final = 120.0
_BARE = """
UPDATE leads SET state = 'in_flight', due_at = NULL, moved_at = now() WHERE id IN (
  SELECT id FROM leads WHERE campaign_id = '{campaign_id}' AND state = 'due' AND place = '{place}'
  AND due_at <= dialer_now() ORDER BY due_at, id LIMIT {at_once} FOR UPDATE SKIP LOCKED);
"""
_CLOSE = text("UPDATE calls SET state = 'withdrawn', closed_wall = clock_timestamp() WHERE state = 'claimed'")


def measure(bench: Bench) -> Row:
    """Claim from tables of several sizes, and from the last once nearly all of it is worked off."""
    sizes, notes = list(QUICK_SIZES if bench.quick else SIZES), list[str]()
    if bench.large:
        bench.home.mkdir(parents=True, exist_ok=True)
        free_gb = shutil.disk_usage(bench.home).free / 1e9
        if free_gb >= LARGE_GB:
            sizes.append(LARGE)
        else:
            notes.append(f"{LARGE:,} leads are left out: {free_gb:.0f} GB of disk are free, {LARGE_GB} are wanted")
    figures: list[Figure] = []
    first_p95_ms: float | None = None
    with database(bench, "claim") as there:
        filled = 0
        for size in sizes:
            bench.tell(f"claim: {size:,} leads …")
            began = time.monotonic()
            there.fill(NEEDED + size - filled, first=filled + 1)
            if not filled:
                there.start()
            filled = NEEDED + size
            if size == LARGE:
                notes.append(f"{size:,} leads took {time.monotonic() - began:.0f} s to fill in")
            figures += _claimed(there, bench, f"{size:,} leads, none worked off", first_p95_ms)
            first_p95_ms = first_p95_ms or figures[-1].ours.median
        left = max(filled // 100, NEEDED)
        there.work_off(left=left)
        figures += _claimed(there, bench, f"{sizes[-1]:,} leads, {1 - left / filled:.0%} worked off", first_p95_ms)
    return Row("claim", tuple(figures), tuple(notes))


def _claimed(there: Database, bench: Bench, name: str, first_p95_ms: float | None) -> list[Figure]:
    """Claim several runs of ours and of the bare statement, in turn."""
    for _ in range(WARM_UP):
        _claim_ms(there)
    there.analyze()
    ours, bare, times_ms = [], [], []
    for _ in range(RUNS):
        run_ms = [_claim_ms(there) for _ in range(CLAIMS)]
        ours.append(AT_ONCE * len(run_ms) * 1000 / sum(run_ms))
        times_ms += run_ms
        bare.append(_bare(there, bench.home))
    rate, against = Spread.of(ours), Spread.of(bare)
    p95 = Spread.of([percentile(times_ms, 0.95)])
    flat = None if first_p95_ms is None else p95.median <= 1.2 * first_p95_ms
    goal = "" if first_p95_ms is None else "≤ 1.2 of the smallest table's"
    met = rate.median >= against.median / 2
    return [
        Figure(f"leads claimed, {name}", "1/s", rate, {"SKIP LOCKED": against}, "≥ 0.5 of it", met),
        Figure(f"a claim of {AT_ONCE}, p95, {name}", "ms", p95, {}, goal, flat),
    ]


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
