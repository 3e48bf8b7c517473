"""Child processes in sessions of their own that do not outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_AUTOGROUP = Path("/proc/self/autogroup")
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    death_signal: signal.Signals = signal.SIGTERM,
    user: int | None = None,
    group: int | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    nice: int = 0,
) -> subprocess.Popen[bytes]:
    """Start a child whose output is appended to `log`.

    It gets a session of its own, because a terminal's Ctrl-C reaches every process of the session and would shut the
    database down under calls that are still draining. It gets `death_signal` from the kernel when the *thread* that
    called this ends, however it ends: call it from a thread that lives as long as the process.

    Args:
        command: the program and its arguments.
        log: the file; its folder is made.
        death_signal: what the kernel sends the child when we die.
        user: numeric id to run as; ours if None.
        group: numeric group id; ours if None.
        environment: the whole environment; ours if None.
        folder: where it runs; here if None.
        nice: by how much it yields to others when processors are short, 0 to 19.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before the kernel knew of our wish
            os._exit(1)
        _yield(nice)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=folder,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509, RUF100 - a few system calls, no lock is taken
        )


def _yield(nice: int) -> None:
    """Go behind others by so much. Where the kernel groups processes by session, ours is a group of its own, and it is
    the group that yields.
    """
    os.nice(nice)
    if nice and _AUTOGROUP.exists():
        with contextlib.suppress(OSError):  # the kernel lets nobody change this many times a second
            _AUTOGROUP.write_text(str(nice))


def stop(child: subprocess.Popen[bytes], stop_signal: signal.Signals, *, within_s: float) -> None:
    """Ask a child to stop, and kill it if it has not within `within_s` seconds."""
    if child.poll() is None:
        child.send_signal(stop_signal)
        try:
            child.wait(within_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
