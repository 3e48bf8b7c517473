"""Everything that a machine runs, as real processes on real servers, with proxies in between and hands to break it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import orjson

from dialer import clock, db, embedded, provisioning
from dialer.settings import Settings, load
from dialer.supervisor import local_world
from dialer.supervisor.keeper import Keeper
from dialer.supervisor.programs import Command, Program, free_port
from dialer.supervisor.roster import STOP_ORDER, log_file, roster, whole_environment
from dialer.supervisor.supervisor import Supervisor
from tests.chaos.proxy import Proxy

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
"""A Tuesday: noon in New York, nine in Los Angeles. Campaign time runs on from here in real seconds."""
GRACE_S = 18.0
"""The settle grace: longer than the 15 s after which a call without a reply is unknown."""
CPS = 40.0
SEATS = 30
PACE = 20.0
SILENT_NICE = 5
TALK_S = 1.0
"""Without audio: long enough for a stream to be opened on a busy machine."""
FULL_BYTES = 8192
"""Where every file of a full disk ends: below what is in any of them."""
_MIGRATING = threading.Lock()
"""Alembic's environment is one for a whole process."""
_OURS = ("TWILIO_", "DEEPGRAM_", "OPENAI_", "ELEVENLABS_", "HUBSPOT_", "SALESFORCE_", "WEBHOOK_", "DIALER_")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a world is made of. Worlds of one shape serve many faults."""

    media: bool = False
    """Real speech in real time; without it people hang up after a second."""
    lead_workers: int = 1
    beats: int = 1
    pace: float = PACE
    grace_s: float = GRACE_S


class World:
    """A running system that can be broken. Times are the machine's own unless they are called campaign time."""

    def __init__(self, seed: int, shape: Shape) -> None:
        self.seed, self.shape = seed, shape
        self.kills = 0
        self._folder = tempfile.TemporaryDirectory(prefix="dialer-chaos-", ignore_cleanup_errors=True)
        self.home = Path(self._folder.name)
        self.keep = False
        """Leave the folder behind, for somebody who wants to read its logs."""
        self._orders: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._up = threading.Event()
        self._failure: BaseException | None = None
        self._limits: dict[int, str] = {}
        self._lines: list[Line] = []
        self._read_bytes = 0
        self._reading = threading.Lock()
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._enter()
        except BaseException:
            self._stop.set()
            self._exits.close()
            raise
        return self

    def _enter(self) -> None:
        for name in list(os.environ):
            if name.startswith(_OURS) or name in ("DATABASE_URL", "REDIS_URL"):
                del os.environ[name]
        ports = {name: free_port() for name in ("web_port", "flower_port", "sandbox_port", "sandbox_smtp_port")}
        public_url = f"http://127.0.0.1:{ports['web_port']}"
        settings = load(data_dir=self.home, public_url=public_url, seats=SEATS, **ports)
        self.settings = embedded.located(settings)
        self._world = replace(
            local_world.options(
                self.settings,
                seed=self.seed,
                media=self.shape.media,
                pace=self.shape.pace,
                cps=CPS,
                public_url=public_url,
            ),
            talk_s=TALK_S,
        )
        self.postgres = self._exits.enter_context(Proxy(embedded.Postgres(self.home).socket_dir / ".s.PGSQL.5432"))
        self.redis = self._exits.enter_context(Proxy(embedded.Redis(self.home).socket))
        self.environment = dict(local_world.environment(self._world)) | {
            "DIALER_SEATS": str(SEATS),
            "DIALER_SETTLE_GRACE_S": str(self.shape.grace_s),
            "DIALER_WORKER_EVENTS": "false",
            "DATABASE_URL": f"postgresql://dialer@127.0.0.1:{self.postgres.port}/{embedded.postgres.DATABASE}",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
        }
        self.settings = self.settings.model_copy(update={"vendors": local_world.vendors(self.environment)})
        engine = db.engine(self.settings.database_url, pool_size=4)
        self._exits.callback(engine.dispose)
        self.sessions = db.sessions(engine)
        """Past the proxy: the judge's own way to the database."""
        self.http = self._exits.enter_context(
            httpx.Client(base_url=local_world.base_url(self.settings), timeout=10, trust_env=False)
        )
        self.ledger_file = self._world.home / "ledger.jsonl"
        self.supervisor = Supervisor(self.home / "run", _say_nothing, before_hurry=_nothing)
        self.supervisor.hurry.clear()
        self._thread = threading.Thread(target=self._run, name="supervisor")
        self._thread.start()
        self._exits.callback(self._end)
        self._up.wait(120)
        if self._failure is not None:
            raise self._failure

    def __exit__(self, *_: object) -> None:
        self._exits.close()
        if not self.keep:
            self._folder.cleanup()
        else:
            self._folder._finalizer.detach()  # type: ignore[attr-defined]

    def _end(self) -> None:
        self._stop.set()
        self.supervisor.hurry.set()
        self._thread.join(60)

    def _run(self) -> None:
        """The supervisor's thread: the kernel kills its children if it ends."""
        programs = roster(self.settings, self.environment, sandbox=local_world.arguments(self.settings, self._world))
        workers = [program for program in programs.workers if program.name != "flower"]
        workers = [self._yielding(program) for program in workers]
        workers += [self._more("beat", n, "beat") for n in range(2, self.shape.beats + 1)]
        workers += [self._more("leads", n, "worker", "leads") for n in range(2, self.shape.lead_workers + 1)]
        try:
            with embedded.hold(self.home):
                try:
                    self.supervisor.start(programs.servers, self._stop)
                    with _MIGRATING:
                        provisioning.bring_up(self.settings, carrier_cps=CPS)
                    self._set_time()
                    self.supervisor.start(workers, self._stop)
                    self._wait_for_seats()
                    self._up.set()
                    while not self._stop.wait(0.05):
                        self._obey()
                        self.supervisor.tend()
                finally:
                    self.supervisor.stop(STOP_ORDER)
        except BaseException as error:  # noqa: BLE001, RUF100 - it is raised again by the thread that waits
            self._failure = error
        finally:
            self._up.set()

    def _more(self, name: str, number: int, *arguments: str) -> Program:
        named = f"{name}-{number}"
        environment = whole_environment(self.settings, self.environment)
        return self._yielding(Command(named, arguments, environment, log_file(self.home, named), stop_s=12.0))

    def _yielding(self, program: Program) -> Program:
        """The program as it goes behind live worlds on the same machine, if this one is silent."""
        if self.shape.media or not isinstance(program, Command):
            return program
        return replace(program, nice=program.nice + SILENT_NICE)

    def _set_time(self) -> None:
        with db.transaction(self.sessions) as tx:
            offset = clock.jump(tx.session, NOON, by="chaos", why="chaos starts at a fixed campaign time")
        self.http.put("/world/clock", json={"offset_s": offset.total_seconds()}).raise_for_status()

    def _wait_for_seats(self) -> None:
        """Call workers are ready when their rows are there: nothing is claimed before."""
        from dialer.campaigns import queries

        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not self._stop.is_set():
            with self.sessions() as session:
                if queries.paced_seats(session) >= 2 * SEATS:
                    return
            self.supervisor.tend()
            time.sleep(0.1)

    def _obey(self) -> None:
        while not self._orders.empty():
            self._orders.get()()

    # What can be done to it.

    def keeper(self, name: str) -> Keeper:
        """The one that keeps the program `name` running."""
        return next(keeper for keeper in self.supervisor.keepers if keeper.program.name == name)

    @property
    def names(self) -> list[str]:
        """Every program."""
        return [keeper.program.name for keeper in self.supervisor.keepers]

    def signal(self, name: str, number: signal.Signals) -> int | None:
        """Send a process a signal. Returns its id; None if it is between two lives."""
        pid = self.keeper(name).pid
        if pid is None:
            return None
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return None
        return pid

    def kill(self, name: str) -> bool:
        """kill -9. Returns whether there was anything to kill."""
        killed = self.signal(name, signal.SIGKILL) is not None
        self.kills += killed
        return killed

    def restart_with(self, name: str, more: Mapping[str, str]) -> None:
        """Kill a process; it is back with `more` in its environment, and without what it had from here before."""
        keeper = self.keeper(name)
        self.kills += keeper.pid is not None
        self.down(name)  # or the keeper starts it anew while its program is being changed
        program = keeper.program
        assert isinstance(program, Command)
        clean = {key: value for key, value in program.environment.items() if key != "DIALER_CRASH_AT"}
        keeper.program = replace(program, environment=clean | dict(more))
        self.up(name)

    def down(self, name: str) -> None:
        """Stop a program until `up`."""
        keeper = self.keeper(name)
        self._in_thread(keeper.kill)
        while not keeper.stopped():
            time.sleep(0.02)

    def up(self, name: str, within_s: float = 60.0) -> None:
        """Start a stopped program and wait until it is ready."""
        keeper = self.keeper(name)
        self._in_thread(lambda: keeper.start(time.monotonic()))
        deadline = time.monotonic() + within_s
        while not keeper.program.ready() and time.monotonic() < deadline:
            time.sleep(0.02)

    def faults(self, rates: Mapping[str, float], **more: Any) -> None:
        """Have the sandbox misbehave from now on; without rates it is well again."""
        self.http.put("/world/faults", json={"rates": dict(rates), **more}).raise_for_status()

    def full_disk(self, *, on: bool) -> None:
        """Let no file of PostgreSQL grow, or end that. Write-ahead log and tables meet what a full disk gives them.

        What the server starts later inherits it; one that is started anew does not: call it again and again.
        """
        pid = self.keeper("postgres").pid
        limit = str(FULL_BYTES) if on else "unlimited"
        for one in () if pid is None else (pid, *_children(pid)):
            if self._limits.get(one, "unlimited") != limit:
                self._limits[one] = limit
                # Only its own user may do so, root without further rights may not.
                command = ["prlimit", f"--pid={one}", f"--fsize={limit}:"]
                user = Path(f"/proc/{pid}").stat().st_uid
                subprocess.run(command, user=None if user == os.geteuid() else user, capture_output=True, check=False)

    def dialer(self, *arguments: str) -> dict[str, Any]:
        """Run a `dialer` command as an operator would, and return what it prints as JSON, whatever its exit code."""
        environment = whole_environment(self.settings, self.environment) | {"DATABASE_URL": self.settings.database_url}
        result = subprocess.run(
            [sys.executable, "-m", "dialer", *arguments, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if not result.stdout.strip():
            raise AssertionError(f"dialer {' '.join(arguments)} said nothing: {result.stderr[-800:]}")
        said: dict[str, Any] = json.loads(result.stdout)
        return said

    def abort(self) -> None:
        """Take it down under whoever uses it."""
        self._stop.set()

    @property
    def aborted(self) -> bool:
        """Whether it is being taken down."""
        return self._stop.is_set()

    def ledger(self) -> list[Line]:
        """The sandbox's fsynced file so far, in its order, read without asking anybody. Not to be changed."""
        with self._reading, self.ledger_file.open("rb") as file:
            file.seek(self._read_bytes)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                self._read_bytes += len(raw)
                self._lines.append(orjson.loads(raw))
            return self._lines

    def _in_thread(self, order: Callable[[], object]) -> None:
        done = threading.Event()

        def obey() -> None:
            try:
                order()
            finally:
                done.set()

        self._orders.put(obey)
        done.wait(30)


def _children(pid: int) -> list[int]:
    """The processes that a process has started, of those that live."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _say_nothing(_words: str) -> None:
    """The supervisor's words are for operators."""


def _nothing() -> None:
    """No live call is worth hanging up: the whole world ends."""


__all__ = ["GRACE_S", "NOON", "Line", "Settings", "Shape", "World"]
