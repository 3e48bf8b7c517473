"""Processes of a run: pinned to a core, watched from outside, and stopped by whoever started them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from dialer.embedded import children


def cores() -> tuple[int, int]:
    """The core of the server under test, and the one of everything else; on a single core both are the same."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[-1], ours[0]


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
    stop_s: float = 10.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on a core for as long as the block lasts, its output going to `log`."""
    pinned = ["taskset", "-c", str(core), *command] if core is not None else list(command)
    child = children.spawn(pinned, log=log, environment={**os.environ, **(environment or {})})
    try:
        yield child
    finally:
        children.stop(child, signal.SIGTERM, within_s=stop_s)


def run(
    command: Sequence[str], *, environment: Mapping[str, str], limit_s: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=limit_s, check=False
    )


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


class Usage:
    """CPU time and memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def cpu_s(self) -> float:
        """CPU seconds of all threads so far, to the nanosecond where the kernel tells."""
        return sum(_cpu_s(process.pid) for process in self._family())

    def memory_mb(self) -> float:
        """Memory that is these processes' own, what is shared counted by share."""
        return float(sum(process.memory_full_info().pss for process in self._family())) / 2**20

    def _family(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]


def _cpu_s(pid: int) -> float:
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9
