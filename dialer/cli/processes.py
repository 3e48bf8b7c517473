"""`dialer web | worker | beat | flower | sandbox`: one process each, as Compose and `dialer up` run them."""

from __future__ import annotations

import faulthandler
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from dialer import log
from dialer.cli.context import load
from dialer.errors import BadInput
from dialer.settings import Settings

web = typer.Typer(add_completion=False)
worker = typer.Typer(add_completion=False)
beat = typer.Typer(add_completion=False)
flower = typer.Typer(add_completion=False)
sandbox = typer.Typer(add_completion=False)


@web.command("web")
def run_web(
    host: Annotated[str | None, typer.Option(help="[default: DIALER_WEB_HOST or 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="[default: DIALER_WEB_PORT or 8000]")] = None,
) -> None:
    """Serve the carrier's webhooks, the API and the console."""
    import uvicorn

    settings = _started("web", web_host=host, web_port=port)
    from dialer.web.app import create_app

    uvicorn.run(
        create_app(settings),
        host=settings.web_host,
        port=settings.web_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )


@worker.command("worker")
def run_worker(kind: Annotated[Literal["campaigns", "leads", "calls", "results"], typer.Argument()]) -> None:
    """Work off the queues of one kind of worker. Stop it with SIGTERM: it finishes what it has begun."""
    settings = _started(kind)
    from workers import run

    run.worker(kind, settings)


@beat.command("beat")
def run_beat() -> None:
    """Tick. Any number may run."""
    settings = _started("beat")
    from workers import run

    run.beat(settings)


@flower.command("flower")
def run_flower() -> None:
    """Show the workers in a browser, behind a password, on this machine only."""
    settings = _started("flower")
    from dialer.supervisor import flower as serving

    serving.serve(settings)


@sandbox.command("sandbox")
def run_sandbox(
    host: Annotated[str, typer.Option(help="Where it listens.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="[default: DIALER_SANDBOX_PORT or 8900]")] = None,
    smtp_port: Annotated[
        int | None, typer.Option(help="Of the mail sink; 0: none. [default: DIALER_SANDBOX_SMTP_PORT or 8925]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Who the people are.")] = 7,
    media: Annotated[
        bool, typer.Option("--media/--no-media", help="Without audio, calls are played at high speed.")
    ] = True,
    talk_s: Annotated[float, typer.Option(help="How long people stay on the line without audio.")] = 0.2,
    pace: Annotated[float, typer.Option(help="Divides ringing and every other wait that is no speech.")] = 1.0,
    cps: Annotated[float, typer.Option(help="Calls per second of the carrier account.")] = 1.0,
    public_url: Annotated[
        str | None, typer.Option(help="Dialer's own URL, for calls to the account's numbers.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir")] = None,
) -> None:
    """Serve a local world that speaks the vendors' own wire protocols."""
    settings = load(data_dir, sandbox_port=port, sandbox_smtp_port=smtp_port)
    log.configure("sandbox", level=settings.log_level)
    from dialer.sandbox import serve
    from dialer.supervisor import local_world

    world = local_world.options(settings, seed=seed, media=media, pace=pace, cps=cps, public_url=public_url or "")
    serve.main(replace(world, host=host, talk_s=talk_s))


def _started(process: str, **overrides: object) -> Settings:
    """The settings of a process that serves, with its logs configured; a fault in C code leaves its stacks there, too.

    Raises:
        BadInput: it has no database to work with.
    """
    from dialer import embedded

    settings = load(None, **overrides)
    log.configure(process, level=settings.log_level)
    faulthandler.enable()
    if not settings.database_url and not embedded.Postgres(settings.data_dir).ready():
        raise BadInput("There is no database: set DATABASE_URL, or start everything with `dialer up`.")
    if not settings.redis_url and not embedded.Redis(settings.data_dir).ready():
        raise BadInput("There is no Redis: set REDIS_URL, or start everything with `dialer up`.")
    return embedded.located(settings)
