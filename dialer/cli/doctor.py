"""`dialer doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dialer.cli.context import DataDir, load
from dialer.cli.output import AsJson, print_json

app = typer.Typer(add_completion=False)

_COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}


@app.command()
def doctor(
    live: Annotated[
        bool, typer.Option("--live", help="Ask the carrier, the vendors and the CRMs, and knock at the public URL.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with this installation and what to do about it. Exit code 1 if it cannot work."""
    from dialer import doctor as checks

    settings = load(data_dir)
    findings = list(checks.examine(settings))
    if live:
        from dialer.doctor_live import examine

        findings += examine(settings)
    failed = any(finding.verdict == checks.Verdict.FAIL for finding in findings)
    if as_json:
        print_json({"ok": not failed, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            typer.secho(f"{finding.verdict:<5}", fg=_COLOURS[finding.verdict], nl=False)
            typer.echo(f"{finding.name}: {finding.detail}")
            if finding.advice:
                typer.echo(f"     {finding.advice}")
    if failed:
        raise typer.Exit(1)
