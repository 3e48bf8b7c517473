"""`dialer up`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from dialer.cli.context import DataDir, load
from dialer.cli.output import say
from dialer.errors import BadInput
from dialer.settings import Settings

if TYPE_CHECKING:
    from dialer.supervisor.supervisor import Supervisor

app = typer.Typer(add_completion=False)


@app.command()
def up(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Call simulated people instead of a real carrier.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Who the simulated people are.")] = 7,
    data_dir: DataDir = None,
) -> None:
    """Run everything on this machine: web, beat, workers, Flower, and the database and Redis unless you have your own.

    Ctrl-C stops it in good order: live calls may end first. A second Ctrl-C hangs them up.
    """
    from dialer import embedded, provisioning
    from dialer.supervisor import local_world, machine
    from dialer.supervisor.roster import roster

    settings = embedded.located(load(data_dir))
    environment: dict[str, str] = {}
    arguments: tuple[str, ...] | None = None
    if sandbox:
        settings = settings.model_copy(
            update={"public_url": settings.public_url or f"http://{settings.web_host}:{settings.web_port}"}
        )
        world = local_world.options(settings, seed=seed, public_url=settings.public_url)
        environment |= local_world.environment(world)
        settings = settings.model_copy(update={"vendors": local_world.vendors(environment)})
        arguments = local_world.arguments(settings, world)
    else:
        _check_accounts(settings)

    def announce(supervisor: Supervisor, stop: threading.Event) -> None:
        del supervisor, stop
        for line in _addresses(settings, sandbox=sandbox):
            say(line)

    machine.run(
        roster(settings, environment, sandbox=arguments),
        settings,
        tell=say,
        prepare=lambda: provisioning.bring_up(settings, carrier_cps=local_world.CPS if sandbox else None),
        work=announce,
    )


def _check_accounts(settings: Settings) -> None:
    """Say what is missing before anything starts.

    Raises:
        BadInput: the public URL or the carrier's credentials are missing.
    """
    if not settings.public_url:
        raise BadInput(
            "The carrier must be able to reach this machine: set DIALER_PUBLIC_URL to its public https:// address. "
            "To try Dialer without a carrier: dialer up --sandbox, or dialer demo."
        )
    vendors = settings.vendors
    missing = [
        name
        for name, value in (
            ("TWILIO_ACCOUNT_SID", vendors.twilio_account_sid),
            ("TWILIO_AUTH_TOKEN", vendors.twilio_auth_token.get_secret_value()),
            ("TWILIO_CALLER_ID", vendors.twilio_caller_id),
        )
        if not value
    ]
    if missing:
        raise BadInput(f"Set {', '.join(missing)} to the carrier's account, or try dialer up --sandbox.")


def _link(settings: Settings) -> str | None:
    from dialer import db
    from dialer.accounts import first

    engine = db.engine(settings.database_url, pool_size=1)
    try:
        return first.log_in_link(db.sessions(engine), settings)
    finally:
        engine.dispose()


def _addresses(settings: Settings, *, sandbox: bool) -> list[str]:
    from dialer.supervisor import flower

    here = f"http://{settings.web_host}:{settings.web_port}"
    given = settings.flower_password.get_secret_value()
    password = "DIALER_FLOWER_PASSWORD" if given else flower.password_file(settings)
    link = _link(settings)
    lines = [
        f"Console   {here}/" if link is None else f"Console   {link}  (logs you in once, within ten minutes)",
        f"API       {here}/api/docs",
        f"Flower    http://127.0.0.1:{settings.flower_port}/  (user {flower.USER}, password in {password})",
        f"Logs      {settings.data_dir / 'logs'}",
    ]
    if sandbox:
        lines.append(f"Sandbox   http://127.0.0.1:{settings.sandbox_port}/world/ledger")
    return [*lines, "Ctrl-C stops everything."]
