"""The supervisor with real processes, small ones in place of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from dialer import embedded
from dialer.embedded import children
from dialer.errors import BadInput, Conflict, DialerError
from dialer.supervisor.programs import Command, free_port
from dialer.supervisor.supervisor import Supervisor

SLEEPER = "import time\nwhile True: time.sleep(1)"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen({ready!r}, 'w').close()\ntime.sleep(600)"
)


class Script:
    """A program of a few lines of Python."""

    stop_signal = signal.SIGTERM

    def __init__(self, name: str, code: str, logs: Path, *, stop_s: float = 5.0, hurry_s: float = 0.0) -> None:
        self.name, self.code = name, code
        self.log = logs / f"{name}.log"
        self.stop_s, self.hurry_s = stop_s, hurry_s

    def prepare(self) -> None:
        """Nothing."""

    def start(self) -> subprocess.Popen[bytes]:
        return children.spawn([sys.executable, "-c", self.code], log=self.log, death_signal=signal.SIGKILL)

    def ready(self) -> bool:
        return True


class Kept:
    """A supervisor that is watching in this test."""

    def __init__(self, run_dir: Path) -> None:
        self.told: list[str] = []
        self.hung_up = 0
        self.supervisor = Supervisor(run_dir, self.told.append, before_hurry=self._hang_up)
        self.run_dir = run_dir
        self.never = threading.Event()

    def _hang_up(self) -> None:
        self.hung_up += 1

    def pid(self, name: str) -> int | None:
        """As the pid file says."""
        path = self.run_dir / f"{name}.pid"
        return int(path.read_text()) if path.exists() else None

    def tend_until(self, true: Callable[[], bool], within_s: float) -> bool:
        """Keep everything running until something is true."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.supervisor.tend()
            if true():
                return True
            time.sleep(0.02)
        return False


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "run")
    yield kept
    kept.supervisor.hurry.set()
    kept.supervisor.stop([])


def test_a_killed_child_is_back_within_two_seconds_under_a_new_pid(kept: Kept, tmp_path: Path) -> None:
    kept.supervisor.start([Script("web", SLEEPER, tmp_path)], kept.never)
    first = kept.pid("web")
    assert first is not None

    os.kill(first, signal.SIGKILL)

    assert kept.tend_until(lambda: kept.pid("web") not in {None, first}, within_s=2.0)
    assert kept.supervisor.restarts == {"web": 1}


def test_a_child_that_is_killed_again_and_again_is_back_each_time(kept: Kept, tmp_path: Path) -> None:
    kept.supervisor.start([Script("leads", SLEEPER, tmp_path)], kept.never)

    for round_number in range(1, 7):
        os.kill(kept.pid("leads") or 0, signal.SIGKILL)
        assert kept.tend_until(lambda: kept.supervisor.restarts == {"leads": round_number}, within_s=2.0)  # noqa: B023

    assert kept.told == []


def test_a_fault_in_c_code_is_told_of_though_it_comes_once(kept: Kept, tmp_path: Path) -> None:
    kept.supervisor.start([Script("calls-1", SLEEPER, tmp_path)], kept.never)
    first = kept.pid("calls-1")

    os.kill(first or 0, signal.SIGSEGV)

    assert kept.tend_until(lambda: kept.pid("calls-1") not in {None, first}, within_s=2.0)
    assert kept.told == [f"calls-1 crashed (SIGSEGV) and is started again; see {tmp_path / 'calls-1.log'}"]


def test_a_crash_loop_slows_down_and_says_where_to_look(kept: Kept, tmp_path: Path) -> None:
    started = tmp_path / "started"
    kept.supervisor.start([Script("beat", "import time; time.sleep(0.5)", tmp_path)], kept.never)
    keeper = kept.supervisor.keepers[0]
    keeper.program.code = f"open({str(started)!r}, 'a').write('.'); raise SystemExit('no such table')"  # type: ignore[attr-defined]

    assert kept.tend_until(lambda: bool(kept.told), within_s=10.0)

    assert "beat keeps ending" in kept.told[0]
    assert "no such table" in kept.told[0]
    assert str(tmp_path / "beat.log") in kept.told[0]
    assert len(started.read_text()) <= 4


def test_a_child_that_ends_at_its_start_stops_the_start_with_its_last_words(kept: Kept, tmp_path: Path) -> None:
    script = Script("web", "raise SystemExit('the key is missing')", tmp_path)
    script.ready = lambda: False  # type: ignore[method-assign]

    with pytest.raises(DialerError, match="the key is missing"):
        kept.supervisor.start([script], kept.never)


def test_groups_stop_in_order_and_leave_no_pid_file(kept: Kept, tmp_path: Path) -> None:
    done = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        f"def stop(*_): open({str(done)!r}, 'a').write(sys.argv[0] + NAME + ' '); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "open(READY, 'w').close()\n"
        "while True: time.sleep(0.05)"
    )
    names = ("postgres", "web", "beat")
    scripts = [
        Script(name, f"NAME = {name!r}\nREADY = {str(tmp_path / (name + '.ready'))!r}\n{code}", tmp_path)
        for name in names
    ]
    kept.supervisor.start(scripts, kept.never)
    assert kept.tend_until(lambda: all((tmp_path / f"{name}.ready").exists() for name in names), within_s=10)

    kept.supervisor.stop([("beat",), ("web",)])

    assert done.read_text().replace("-c", "").split() == ["beat", "web", "postgres"]
    assert list(kept.run_dir.glob("*.pid")) == []


def test_a_child_that_does_not_stop_is_killed_after_its_time(kept: Kept, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    kept.supervisor.start([Script("calls-1", STUBBORN.format(ready=str(ready)), tmp_path, stop_s=0.3)], kept.never)
    assert kept.tend_until(ready.exists, within_s=10)

    kept.supervisor.stop([("calls-1",)])

    (told,) = kept.told
    assert "calls-1 did not stop" in told


def test_in_a_hurry_live_calls_are_hung_up_once_and_nothing_is_waited_for(kept: Kept, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = STUBBORN.format(ready=str(ready))
    kept.supervisor.start([Script("calls-1", code, tmp_path, stop_s=60), Script("web", SLEEPER, tmp_path)], kept.never)
    assert kept.tend_until(ready.exists, within_s=10)

    kept.supervisor.hurry.set()
    kept.supervisor.stop([("calls-1",), ("web",)])

    assert kept.hung_up == 1
    assert list(kept.run_dir.glob("*.pid")) == []


def test_those_whose_turn_has_not_come_are_kept_running_while_others_drain(kept: Kept, tmp_path: Path) -> None:
    drains = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1.5), sys.exit(0)))\n"
        "open({r!r}, 'w').close()\n"
        "while True: time.sleep(0.05)"
    )
    ready = tmp_path / "ready"
    kept.supervisor.start(
        [Script("calls-1", drains.format(r=str(ready)), tmp_path), Script("redis", SLEEPER, tmp_path)], kept.never
    )
    assert kept.tend_until(ready.exists, within_s=10)
    threading.Timer(0.3, os.kill, (kept.pid("redis"), signal.SIGKILL)).start()

    kept.supervisor.stop([("calls-1",), ("redis",)])

    assert kept.supervisor.restarts == {"redis": 1}


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\nfrom pathlib import Path\nfrom dialer.embedded import children\n"
        f"child = children.spawn([sys.executable, '-c', {SLEEPER!r}], log=Path({str(tmp_path / 'log')!r}),"
        " death_signal=signal.SIGKILL)\nprint(child.pid, flush=True)\ntime.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert psutil.wait_procs([child], timeout=5)[0] == [child]


def test_a_command_whose_port_is_taken_is_refused_before_it_starts(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = Command("web", ("web",), {}, tmp_path / "log", listens=("127.0.0.1", port))

        with pytest.raises(BadInput, match=f"{port}.*DIALER_WEB_PORT"):
            command.prepare()
    assert free_port() > 0


def test_a_data_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with embedded.hold(tmp_path), pytest.raises(Conflict, match=f"process {os.getpid()}"), embedded.hold(tmp_path):
        pass

    with embedded.hold(tmp_path):
        pass


def test_the_embedded_servers_come_back_with_what_was_committed(kept: Kept, tmp_path: Path) -> None:
    import psycopg

    postgres, redis = embedded.Postgres(tmp_path, durable=True), embedded.Redis(tmp_path)
    kept.supervisor.start([postgres, redis], kept.never)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    for name in ("postgres", "redis"):
        os.kill(kept.pid(name) or 0, signal.SIGKILL)
    kept.tend_until(lambda: not postgres.ready() and not redis.ready(), within_s=1.0)

    assert kept.tend_until(lambda: postgres.ready() and redis.ready(), within_s=10.0)

    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_sockets_of_a_long_data_directory_are_short(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 60) / ("e" * 60)

    with embedded.Redis(long).running() as server:
        assert len(str(server.socket).encode()) <= 107
        assert server.ready()
