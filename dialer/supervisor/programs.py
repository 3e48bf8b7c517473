"""What the supervisor runs: anything that it can start, ask whether it is ready, and ask to stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dialer.embedded import children
from dialer.errors import BadInput


class Program(Protocol):
    """One process to keep running. The embedded servers are such programs too."""

    @property
    def name(self) -> str:
        """Its name in pid files, logs and messages."""
        ...

    @property
    def log(self) -> Path:
        """Where its output goes."""
        ...

    @property
    def stop_signal(self) -> signal.Signals:
        """What asks it to stop in good order."""
        ...

    @property
    def stop_s(self) -> float:
        """How long it may take over that before it is killed, in seconds."""
        ...

    @property
    def hurry_s(self) -> float:
        """The same when the operator is in a hurry."""
        ...

    def prepare(self) -> None:
        """Do what must be done once before the first start."""
        ...

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, without waiting until it is ready."""
        ...

    def ready(self) -> bool:
        """Whether it can do its work."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A `dialer` sub-command as a process of its own.

    Args:
        name: in pid files, logs and messages.
        arguments: of the `dialer` command.
        environment: the whole environment of the process.
        log: where its output goes.
        stop_s: how long it may take to stop.
        listens: the (host, port) that it will listen on, if that is known beforehand.
        is_ready: whether it can do its work; if None it is when it listens, or at once.
        nice: by how much it yields to the others when processors are short: live audio goes first.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    stop_s: float = 5.0
    hurry_s: float = 0.0
    listens: tuple[str, int] | None = None
    is_ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    nice: int = 0

    def prepare(self) -> None:
        """Make sure that nobody else has its port.

        Raises:
            BadInput: somebody has.
        """
        if self.listens is not None and not port_is_free(*self.listens):
            host, port = self.listens
            raise BadInput(
                f"Port {port} on {host}, which {self.name} needs, is in use. Stop what listens there, or choose "
                f"another port with DIALER_{self.name.upper()}_PORT."
            )

    def start(self) -> subprocess.Popen[bytes]:
        """Start it. If we die without stopping it, the kernel kills it."""
        return children.spawn(
            [sys.executable, "-m", "dialer", *self.arguments],
            log=self.log,
            death_signal=signal.SIGKILL,
            environment=self.environment,
            nice=self.nice,
        )

    def ready(self) -> bool:
        """Whether it can do its work."""
        if self.is_ready is not None:
            return self.is_ready()
        return self.listens is None or _answers(*self.listens)


def port_is_free(host: str, port: int) -> bool:
    """Whether one could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
