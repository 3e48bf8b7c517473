"""A Dialer for measurements: its own data directory, servers, web process and one call worker, as in production.

The call worker alone runs on the core under test; everything else shares the other one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from bench import processes, speech
from bench.door import Front
from dialer import db
from dialer.calls.models import Worker
from dialer.embedded import servers
from dialer.errors import DialerError
from dialer.settings import Settings
from dialer.supervisor.programs import free_port
from dialer.supervisor.roster import whole_environment

START_S: Final = 90.0
DRAIN_S: Final = 20.0
NUMBER: Final = "+12125550100"
ACCOUNT: Final = "AC" + "b" * 32
KEY: Final = "bench"


@dataclass(frozen=True, slots=True)
class World:
    """What runs."""

    settings: Settings
    environment: Mapping[str, str]
    speech: Path
    url: str
    """The door: where a load generator connects."""
    worker_pid: int

    @property
    def sessions(self) -> db.Sessions:
        """The database."""
        return db.sessions(db.engine(self.settings.database_url, pool_size=2))


@contextmanager
def world(data_dir: Path, *, seats: int, timers: bool = False) -> Iterator[World]:
    """Run servers, fake vendors, web and a call worker with so many seats for as long as the block lasts.

    Args:
        data_dir: for everything.
        seats: of the call worker.
        timers: the worker's vendors are timers in its own process; else the real adapters talk to fake servers.

    Raises:
        DialerError: something did not start in time; its log is named.
    """
    under_test, rest = processes.cores()
    folder = speech.write(data_dir / "speech")
    logs = data_dir / "logs"
    with ExitStack() as stack:
        web_port = free_port()
        wanted = Settings(data_dir=data_dir, web_port=web_port, public_url=f"http://127.0.0.1:{web_port}")
        settings = stack.enter_context(servers(wanted))
        heard, spoken = _announced(
            stack, [sys.executable, "-m", "bench.fake_vendors", str(folder)], logs / "fake_vendors.log", rest
        )
        environment = whole_environment(settings, _vendors(heard, spoken)) | {
            "DIALER_SEATS": str(seats),
            "DIALER_WORKER_EVENTS": "false",
            "DIALER_LOG_LEVEL": "WARNING",
        }
        dialer = [sys.executable, "-m", "dialer"]
        migrated = processes.run([*dialer, "migrate"], environment=environment)
        if migrated.returncode:
            raise DialerError(f"dialer migrate failed: {migrated.stderr[-600:]}")
        stack.enter_context(
            processes.running([*dialer, "web"], log=logs / "web.log", core=rest, environment=environment)
        )
        own = [sys.executable, "-m", "bench.timed_worker", str(folder)] if timers else dialer
        worker = stack.enter_context(
            processes.running(
                [*own, "worker", "calls"],
                log=logs / "calls.log",
                core=under_test,
                environment=environment,
                stop_s=DRAIN_S,
            )
        )
        engine = db.engine(settings.database_url, pool_size=1)
        stack.callback(engine.dispose)
        _wait(lambda: _seated(db.sessions(engine)), "the call worker", logs / "calls.log")
        _wait(lambda: processes.listens(web_port), "web", logs / "web.log")
        front = Front(settings.public_url, KEY, NUMBER)
        (port,) = _announced(stack, [sys.executable, "-m", "bench.door", front.as_json()], logs / "door.log", rest)
        yield World(settings, environment, folder, f"ws://127.0.0.1:{port}/{{n}}", worker.pid)


def _vendors(heard: str, spoken: str) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": KEY,
        "TWILIO_CALLER_ID": NUMBER,
        "DEEPGRAM_API_KEY": KEY,
        "DEEPGRAM_BASE_URL": f"http://127.0.0.1:{heard}",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{spoken}/v1",
        "ELEVENLABS_API_KEY": KEY,
        "ELEVENLABS_BASE_URL": f"http://127.0.0.1:{spoken}",
    }


def _announced(stack: ExitStack, command: list[str], log: Path, core: int) -> list[str]:
    """Start a process that prints its ports, and return them."""
    log.unlink(missing_ok=True)
    child = stack.enter_context(processes.running(command, log=log, core=core))
    _wait(lambda: child.poll() is not None or log.read_text().endswith("\n"), command[2], log)
    if child.poll() is not None:
        raise DialerError(f"{command[2]} ended at once; see {log}")
    return log.read_text().split()


def _seated(sessions: db.Sessions) -> bool:
    with sessions() as session:
        return bool(session.scalar(select(func.count()).select_from(Worker)))


def _wait(ready: Callable[[], bool], what: str, log: Path) -> None:
    give_up = time.monotonic() + START_S
    while not ready():
        if time.monotonic() > give_up:
            raise DialerError(f"{what} did not start within {START_S:.0f} s; see {log}")
        time.sleep(0.1)
