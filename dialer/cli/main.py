"""The `dialer` command. A sub-command's module is imported when it is asked for: eleven processes start from here."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from dialer.errors import BadInput, DialerError

COMMANDS = {
    "demo": "dialer.cli.demo:app",
    "simulate": "dialer.cli.simulate:app",
    "up": "dialer.cli.up:app",
    "migrate": "dialer.cli.migrate:app",
    "doctor": "dialer.cli.doctor:app",
    "audit": "dialer.cli.audit:app",
    "leads": "dialer.cli.leads:app",
    "campaign": "dialer.cli.campaign:app",
    "agents": "dialer.cli.agents:app",
    "numbers": "dialer.cli.numbers:app",
    "knowledge": "dialer.cli.knowledge:app",
    "call": "dialer.cli.call:app",
    "stop-dialing": "dialer.cli.gate:stop",
    "resume-dialing": "dialer.cli.gate:resume",
    "settle": "dialer.cli.settle:app",
    "outbox": "dialer.cli.outbox:app",
    "keys": "dialer.cli.keys:app",
    "users": "dialer.cli.users:app",
    "web": "dialer.cli.processes:web",
    "worker": "dialer.cli.processes:worker",
    "beat": "dialer.cli.processes:beat",
    "flower": "dialer.cli.processes:flower",
    "sandbox": "dialer.cli.processes:sandbox",
}
"""Sub-command → module and the Typer application in it."""
ALIASES = {"agent": "agents"}
"""What people also type: `dialer agent test` is said of one."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one command."""
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = typer.main.get_command(getattr(import_module(module), name))
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def dialer() -> None:
    """Dialer calls your leads at a lawful moment, holds the conversation, and writes what came of it into the CRM."""


def main() -> None:
    """Run the command. Exit codes: 0 good, 1 failed or a law broken, 2 bad input."""
    try:
        app(prog_name="dialer")
    except DialerError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2 if isinstance(error, BadInput) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
