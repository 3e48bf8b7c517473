"""Who holds the calls: Dialer's call worker, Pipecat, and the least Python that does it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import processes, speech
from bench.rows import Bench
from bench.scratch import folder
from bench.world import world
from dialer.errors import DialerError
from dialer.supervisor.programs import free_port

PEER: Final = ("pipecat-ai[silero,websocket]==1.14.0", "uvicorn[standard]", "fastapi")
INSTALL_S: Final = 600.0
START_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Server:
    """One of them, running."""

    url: str
    pid: int
    speech: Path


@contextmanager
def dialer(bench: Bench, *, calls: int, timers: bool) -> Iterator[Server]:
    """Dialer's call worker as in production, with seats for so many calls.

    Args:
        bench: where.
        calls: how many seats it has.
        timers: its vendors are timers in its own process, as the others' are; else the real adapters talk to servers.
    """
    with folder(bench, "live") as place, world(place, seats=calls, timers=timers) as running:
        yield Server(running.url, running.worker_pid, running.speech)


@contextmanager
def limit(bench: Bench) -> Iterator[Server]:
    """The least Python that does it."""
    with _started(bench, lambda spoken, port: [sys.executable, "-m", "bench.limit_bot", str(spoken), str(port)]) as it:
        yield it


@contextmanager
def peer(bench: Bench, python: Path) -> Iterator[Server]:
    """Pipecat, by the Python of its own environment."""
    bot = Path(__file__).with_name("peer_bot.py")
    with _started(bench, lambda spoken, port: [str(python), str(bot), str(spoken), str(port)]) as it:
        yield it


def peers_python(bench: Bench) -> Path:
    """Install the peer unless it is there; return its Python.

    Raises:
        DialerError: it cannot be installed; says why.
    """
    home = bench.home / "peer"
    python = home / "bin" / "python"
    done = home / "installed"
    wanted = "\n".join(PEER)
    if done.exists() and done.read_text() == wanted:
        return python
    bench.tell(f"Installing the peer ({PEER[0]}) in {home} …")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER]
    for command in ([sys.executable, "-m", "venv", str(home)], pip):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()
            raise DialerError(f"The peer cannot be installed: {said[-1] if said else error}") from error
    done.write_text(wanted)
    return python


@contextmanager
def _started(bench: Bench, command: Callable[[Path, int], list[str]]) -> Iterator[Server]:
    under_test, _ = processes.cores()
    with folder(bench, "bot") as place:
        spoken = speech.write(place / "speech")
        port = free_port()
        log = place / "bot.log"
        threads = {"OMP_NUM_THREADS": "1"}
        with processes.running(command(spoken, port), log=log, core=under_test, environment=threads) as child:
            give_up = time.monotonic() + START_S
            while not processes.listens(port):
                if child.poll() is not None or time.monotonic() > give_up:
                    raise DialerError(f"It did not start: {log.read_text()[-600:]}")
                time.sleep(0.2)
            yield Server(f"ws://127.0.0.1:{port}/{{n}}", child.pid, spoken)
