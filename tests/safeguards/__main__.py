"""`python -m tests.safeguards`: take each safeguard out of a copy of the code, and see which test turns red."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from tests.safeguards.table import SAFEGUARDS, Safeguard

ROOT = Path(__file__).parents[2]
COPIED = ("dialer", "workers", "schedules", "migrations", "config", "tests", "pyproject.toml")
ENOUGH = 3
"""Tests that turned red, after which no more are looked for."""
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Returns the exit code: 0 if every safeguard is missed by a test, 1 if not, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m tests.safeguards", description=__doc__)
    parser.add_argument("--only", default="", help="those whose name contains these words")
    given = parser.parse_args(arguments)
    wanted = [one for one in SAFEGUARDS if given.only in one.name]
    if not wanted:
        print(f"No safeguard is called {given.only}.", file=sys.stderr)  # noqa: T201 - a command
        return 2
    say = Console(soft_wrap=True, highlight=False)
    missed = True
    for safeguard in wanted:
        red = turned_red(safeguard)
        missed = missed and bool(red)
        say.print(f"law {safeguard.law}: without [bold]{safeguard.name}[/] ({safeguard.file})")
        for test in red or ["[red]no test turns red[/]"]:
            say.print(f"    {escape(test) if red else test}")
    return 0 if missed else 1


def turned_red(safeguard: Safeguard) -> list[str]:
    """The tests that fail without a safeguard and hold with it.

    Raises:
        LookupError: its code is not there any more, or not once.
    """
    with tempfile.TemporaryDirectory(prefix="dialer-safeguards-") as folder:
        home = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, home / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, home / name)
        code = (home / safeguard.file).read_text()
        if code.count(safeguard.code) != 1:
            raise LookupError(
                f"{safeguard.file} has {safeguard.code!r} {code.count(safeguard.code)} times: {safeguard}"
            )
        (home / safeguard.file).write_text(code.replace(safeguard.code, safeguard.without))
        red = _failing(home, safeguard.tests)
        (home / safeguard.file).write_text(code)
        return sorted(red - _failing(home, sorted(red))) if red else []


def _failing(home: Path, tests: Sequence[str]) -> set[str]:
    """Which of these tests fail in the copy that stands there."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-m", "not slow"]
    command += [f"--maxfail={ENOUGH}", f"--basetemp={home / 'pytest'}", *tests]
    result = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    return set(_FAILED.findall(result.stdout))


if __name__ == "__main__":
    sys.exit(main())
