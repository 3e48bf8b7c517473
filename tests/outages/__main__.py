"""`python -m tests.outages`: let each vendor die in the middle of a demo, and compare what came of every person."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from tests.outages.table import MANNERS, OUTAGES, Outage

LIMIT_S = 600.0
SHOWN = 12
"""Differences that are printed of one run."""

Report = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Returns the exit code: 0 if nobody's outcome changed, 1 if one did, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m tests.outages", description=__doc__)
    parser.add_argument("--leads", type=int, default=24, help="rows in each demo's list")
    parser.add_argument("--seed", type=int, default=7, help="who is called, and who they are")
    parser.add_argument("--only", default="", help="vendors, such as deepgram,openai")
    parser.add_argument("--how", default=",".join(MANNERS), help="dead, mute, or both")
    given = parser.parse_args(arguments)
    wanted, manners = set(filter(None, given.only.split(","))), given.how.split(",")
    outages = [one for one in OUTAGES if not wanted or wanted & set(one.vendors)]
    if not outages or not set(manners) <= set(MANNERS):
        print("There is no such vendor, or no such way to die.", file=sys.stderr)  # noqa: T201 - a command
        return 2
    say = Console(soft_wrap=True, highlight=False)
    undisturbed = play(given.leads, given.seed, (), {})
    say.print(f"undisturbed: {len(undisturbed['people'])} people, {_outcomes(undisturbed)}, {_seconds(undisturbed)}")
    whole = True
    for outage in outages:
        for manner in manners:
            options = [word for strike in outage.strikes for word in (MANNERS[manner], strike)]
            report = play(given.leads, given.seed, options, outage.order)
            broken = judge(report, undisturbed, outage)
            whole = whole and not broken
            say.print(_line(outage, manner, report, broken))
    return 0 if whole else 1


def play(leads: int, seed: int, options: Sequence[str], settings: Mapping[str, str]) -> Report:
    """Run one demo by its command, and return its report."""
    with tempfile.TemporaryDirectory(prefix="dialer-outages-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "demo"
        command = [sys.executable, "-m", "dialer", "demo", "--json", "--data-dir", str(home)]
        began = time.monotonic()
        done = subprocess.run(
            [*command, "--leads", str(leads), "--seed", str(seed), *options],
            env=os.environ | dict(settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        if not done.stdout.strip():
            raise AssertionError(
                f"{' '.join(options)}: no report after {time.monotonic() - began:.0f} s: {done.stderr}"
            )
        report: Report = json.loads(done.stdout)
        return report


def judge(report: Report, undisturbed: Report, outage: Outage) -> list[str]:
    """What is wrong with a run: whose outcome is another one, which law is broken, who was not struck in use."""
    broken = [] if report["ok"] else [f"the demo itself is not whole: {report['disagreements'] or report['laws']}"]
    broken += [f"{name} died {times} times" for name, times in report["restarts"].items()]
    for vendor in outage.vendors:
        struck = report["struck"].get(vendor, {})
        if not struck.get("cut", 0) + struck.get("refused", 0):
            broken.append(f"{vendor} was not in use when it died: {struck or 'the calls were over'}")
    for phone, outcomes in undisturbed["people"].items():
        if (came := report["people"].get(phone, [])) != outcomes:
            broken.append(f"{phone}: {', '.join(came)} instead of {', '.join(outcomes)}")
    return broken


def _line(outage: Outage, manner: str, report: Report, broken: Sequence[str]) -> str:
    struck = ", ".join(f"{name} {how['cut']}+{how['refused']}" for name, how in report["struck"].items())
    verdict = "[red]changed[/]" if broken else "[green]the same[/]"
    head = f"{verdict} {manner}: {escape(outage.name)} ({struck}), {_seconds(report)}"
    return "\n".join([head, *(f"    {escape(words)}" for words in broken[:SHOWN])])


def _outcomes(report: Report) -> str:
    return ", ".join(f"{number} {name}" for name, number in report["outcomes"].items())


def _seconds(report: Report) -> str:
    return f"{report['wall_seconds']:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
