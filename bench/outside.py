"""A call worker for load generators from outside: `python -m bench.outside --seats 100`, until Ctrl-C.

Starts what the measurement `live` starts for the worker with its adapters, says where to connect and which process to
watch, and leaves nothing behind. A generator that plays the carrier's side of Media Streams against a plain WebSocket
URL has to follow one redirect (see `bench.door`); every connection is one call.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from bench.rows import Bench
from bench.scratch import folder
from bench.world import world
from dialer import settings as configuration


def main(
    seats: Annotated[int, typer.Option(help="Calls that the worker shall take at once.")] = 100,
    data_dir: Annotated[Path | None, typer.Option(help="[default: bench in Dialer's data directory]")] = None,
) -> None:
    """Run a call worker with fake vendors, and wait."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    home = (data_dir or configuration.load().data_dir / "bench").resolve()
    with folder(Bench(home, typer.echo), "outside") as place, world(place, seats=seats) as running:
        typer.echo(f"url {running.url.replace('{n}', '')}")
        typer.echo(f"pid {running.worker_pid}")
        typer.echo(f"audio {running.speech}")
        stop.wait()


if __name__ == "__main__":
    typer.run(main)
