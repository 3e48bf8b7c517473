"""The parent of all processes: starts them in order, keeps them running, stops them in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dialer.errors import DialerError
from dialer.supervisor.keeper import Keeper
from dialer.supervisor.programs import Program

TEND_EVERY_S = 0.1
READY_WITHIN_S = 180.0
"""Longer than a start takes on a machine that is busy with other things: what ends at its start is noticed at once."""


class Supervisor:
    """Runs programs. All calls come from one thread, which must live as long as they do (`children.spawn`).

    Args:
        run_dir: where the pid files are.
        tell: says one line to the operator.
        before_hurry: is called once, with the servers still up, when `hurry` is noticed: hangs up live calls.
    """

    def __init__(self, run_dir: Path, tell: Callable[[str], None], before_hurry: Callable[[], None]) -> None:
        self.keepers: list[Keeper] = []
        self.hurry = threading.Event()
        """Set to end everything at once: the second Ctrl-C."""
        self._run_dir = run_dir
        self._tell = tell
        self._before_hurry: Callable[[], None] | None = before_hurry

    @property
    def restarts(self) -> dict[str, int]:
        """How often each program was started again, if at all."""
        return {keeper.program.name: keeper.restarts for keeper in self.keepers if keeper.restarts}

    def start(self, programs: Sequence[Program], stop: threading.Event) -> None:
        """Start programs that may run beside each other, and wait until all of them are ready or `stop` is set.

        Raises:
            BadInput: a port is in use, a data directory is of another version.
            DialerError: one of them ended at its start, or is not ready in time; the message has the end of its log.
        """
        for program in programs:
            program.prepare()
        fresh = [Keeper(program, self._run_dir, self._tell) for program in programs]
        self.keepers += fresh
        for keeper in fresh:
            keeper.start(time.monotonic())
        self._await_ready(fresh, stop)

    def watch(self, stop: threading.Event) -> None:
        """Keep everything running until `stop` is set."""
        while not stop.wait(TEND_EVERY_S):
            self.tend()

    def tend(self) -> None:
        """Start again what ended."""
        now = time.monotonic()
        for keeper in self.keepers:
            keeper.tend(now)

    def stop(self, order: Iterable[Sequence[str]]) -> None:
        """Stop everything, one group of names after the other; what no group names comes last.

        Those whose turn has not come are kept running, because the ones that are draining need them.
        """
        groups = [list(group) for group in order]
        named = {name for group in groups for name in group}
        groups.append([k.program.name for k in self.keepers if k.program.name not in named])
        for group in groups:
            self._stop_group([keeper for keeper in self.keepers if keeper.program.name in group])

    def _stop_group(self, group: Sequence[Keeper]) -> None:
        for keeper in group:
            keeper.ask_to_stop()
        asked, told = time.monotonic(), set[str]()
        while waiting := [keeper for keeper in group if not keeper.stopped()]:
            passed = time.monotonic() - asked
            if self.hurry.is_set():
                self._hurry()
            else:
                self.tend()
            for keeper in waiting:
                patience = keeper.program.hurry_s if self.hurry.is_set() else keeper.program.stop_s
                if passed > patience:
                    name = keeper.program.name
                    if not self.hurry.is_set() and name not in told:
                        told.add(name)
                        self._tell(f"{name} did not stop within {patience:.0f} s; it is killed")
                    keeper.kill()
            time.sleep(0.02)

    def _hurry(self) -> None:
        if self._before_hurry is not None:
            hang_up, self._before_hurry = self._before_hurry, None
            hang_up()

    def _await_ready(self, fresh: Sequence[Keeper], stop: threading.Event) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        waiting = list(fresh)
        while waiting and not stop.is_set():
            waiting = [keeper for keeper in waiting if not keeper.program.ready()]
            for keeper in waiting:
                if (code := keeper.crashed_early()) is not None and code >= 0:
                    raise DialerError(
                        f"{keeper.program.name} ended at its start with exit code {code}: {keeper.last_words()!r}; "
                        f"see {keeper.program.log}"
                    )
                if time.monotonic() > deadline:
                    raise DialerError(
                        f"{keeper.program.name} is not ready after {READY_WITHIN_S:.0f} s: {keeper.last_words()!r}; "
                        f"see {keeper.program.log}"
                    )
            self.tend()
            stop.wait(0.05)
