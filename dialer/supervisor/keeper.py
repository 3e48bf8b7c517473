"""Keeps one program running: its pid file, its restarts, and how long to wait before the next one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from dialer.supervisor.programs import Program

STEADY_S = 10.0
"""A program that ran this long before it ended did not crash at its start."""
CRASHES_TOLD = 3
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
"""What a process dies of that was brought down by a fault in C code."""
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0


class Keeper:
    """One program, its process if it has one, and its history. Times are on the monotonic clock, in seconds.

    A program that was killed comes back at once, for it did nothing wrong. One that ends by itself, again and again,
    soon after its start comes back after 0.2 s, 0.4 s and so on up to 10 s, and the operator is told. So is each fault
    in C code.
    """

    def __init__(self, program: Program, run_dir: Path, tell: Callable[[str], None]) -> None:
        self.program = program
        self.restarts = 0
        self._pid_file = run_dir / f"{program.name}.pid"
        self._tell = tell
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._crashes = 0
        self._start_at = 0.0
        self._wanted = False

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self, now: float) -> None:
        """Start it and keep it running from now on."""
        self._wanted = True
        self._started = now
        self._child = self.program.start()
        _write(self._pid_file, f"{self._child.pid}\n")

    def tend(self, now: float) -> None:
        """Notice that it ended, and start it again when its time has come."""
        if not self._wanted:
            return
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            self._child = None
            self._pid_file.unlink(missing_ok=True)
            self._start_at = now + self._wait_after(code, now - self._started)
        if now >= self._start_at:
            self.restarts += 1
            self.start(now)

    def ask_to_stop(self) -> None:
        """Do not start it again, and ask it to stop."""
        self._wanted = False
        self._signal(self.program.stop_signal)

    def kill(self) -> None:
        """End it now."""
        self._wanted = False
        self._signal(signal.SIGKILL)

    def stopped(self) -> bool:
        """Whether it is gone, and will not come back."""
        if self._wanted or self.pid is not None:
            return False
        self._pid_file.unlink(missing_ok=True)
        return True

    def crashed_early(self) -> int | None:
        """The exit code with which it ended by itself, if that is how it stands now."""
        return self._child.returncode if self._child is not None and self._child.poll() is not None else None

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            lines = self.program.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][-300:] if lines else ""

    def _wait_after(self, code: int, lived_s: float) -> float:
        if -code in CRASHES:
            fault = signal.Signals(-code).name
            self._tell(f"{self.program.name} crashed ({fault}) and is started again; see {self.program.log}")
        if code == -signal.SIGKILL or lived_s >= STEADY_S:
            self._crashes = 0
            return 0.0
        self._crashes += 1
        if self._crashes >= CRASHES_TOLD:
            self._tell(
                f"{self.program.name} keeps ending ({self._crashes} times, last with {_ending(code)}): "
                f"{self.last_words()!r}; see {self.program.log}"
            )
        return float(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (self._crashes - 1)))

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None and self._child is not None:
            self._child.send_signal(number)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _write(path: Path, text: str) -> None:
    """Write a file that no reader sees half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)
