"""The whole system, from the list to the CRMs, by the command that anybody runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

ROWS = 12

pytestmark = [pytest.mark.timeout(420)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def start(home: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dialer", "demo", "--leads", str(ROWS), "--data-dir", str(home), "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def wait_for(path: Path, within_s: float = 120.0) -> int:
    """Wait for a process's pid file."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if path.exists():
            return int(path.read_text())
        time.sleep(0.1)
    raise AssertionError(f"{path.name} did not appear")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, str]:
    """One demo, in which a call worker and Redis were killed: its report, its home, what it said."""
    home = tmp_path_factory.mktemp("demo")
    process = start(home)
    try:
        for name in ("calls-1", "redis"):
            os.kill(wait_for(home / "run" / f"{name}.pid"), signal.SIGKILL)
        out, said = process.communicate(timeout=400)
    finally:
        process.kill()
    assert process.returncode == 0, said[-3000:] + out[-3000:]
    return json.loads(out), home, said


def test_every_row_is_imported_or_rejected_with_a_reason(finished: tuple[dict[str, Any], Path, str]) -> None:
    report, _, _ = finished

    assert report["rows"] == ROWS == report["imported"] + sum(report["rejected"].values())


def test_every_lead_ends_done_or_blocked(finished: tuple[dict[str, Any], Path, str]) -> None:
    leads = finished[0]["leads"]

    assert leads["total"] == finished[0]["imported"] == leads["done"] + leads["blocked"]


def test_each_call_of_the_carrier_has_one_outcome(finished: tuple[dict[str, Any], Path, str]) -> None:
    report, home, _ = finished
    accepted = [line for line in lines(home / "sandbox" / "ledger.jsonl") if line["kind"] == "call.accepted"]

    assert report["calls_placed"] == len(accepted) == sum(report["outcomes"].values()) > 0
    assert max(Counter(line["call_id"] for line in accepted).values()) == 1
    assert report["disagreements"] == []


def test_every_outcome_reached_both_crms(finished: tuple[dict[str, Any], Path, str]) -> None:
    report, home, _ = finished
    created = [
        line for line in lines(home / "sandbox" / "ledger.jsonl") if line["kind"] == "crm.write" and line["created"]
    ]
    outcomes = sum(report["outcomes"].values())

    assert sum(1 for line in created if (line["crm"], line["object"]) == ("hubspot", "calls")) == outcomes
    assert sum(1 for line in created if (line["crm"], line["object"]) == ("salesforce", "Task")) >= outcomes


def test_no_law_is_broken_and_nobody_is_dialed_twice(finished: tuple[dict[str, Any], Path, str]) -> None:
    report = finished[0]

    assert report["duplicate_dials"] == 0
    assert {name: count for name, count in report["laws"].items() if count} == {}
    assert set(report["restarts"]) >= {"calls-1", "redis"}


def test_nothing_is_left_running(finished: tuple[dict[str, Any], Path, str]) -> None:
    home = finished[1]

    mine = [
        p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])
    ]
    assert mine == []
    assert list((home / "run").glob("*.pid")) == []
