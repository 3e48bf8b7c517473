"""`dialer simulate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dialer.cli.output import AsJson, print_fields, print_json
from dialer.errors import BadInput

app = typer.Typer(add_completion=False)

MAX_LEADS = 10_000


@app.command()
def simulate(
    leads: Annotated[int, typer.Option(help="Leads of the two campaigns together.")] = 100,
    days: Annotated[float, typer.Option(help="Days of campaign time, at most.")] = 5,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 1,
    faults: Annotated[str, typer.Option(help="How much goes wrong: none, some or many.")] = "some",
    check_every: Annotated[int, typer.Option(help="Count the laws after each so many steps.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Run days of campaigns in seconds, under a virtual clock, with faults, and hold every step to the laws."""
    from dialer import log
    from dialer.cli.context import load
    from dialer.simulation import databases
    from dialer.simulation.faults import LEVELS
    from dialer.simulation.results import Wish
    from dialer.simulation.running import Simulation

    if not 1 <= leads <= MAX_LEADS or not 0 < days <= 60 or check_every < 1:
        raise BadInput(f"--leads takes 1 to {MAX_LEADS}, --days above 0 up to 60, --check-every 1 or more.")
    if faults not in LEVELS:
        raise BadInput(f"--faults takes {', '.join(LEVELS)}.")
    settings = load()
    log.configure("dialer", level="CRITICAL", as_json=False)  # what goes wrong is wanted, and counted
    wish = Wish(
        leads=leads,
        days=days,
        seed=seed,
        plan=LEVELS[faults],
        check_every=check_every,
        disturbances=0 if faults == "none" else 2 + leads // 10,
    )
    with databases.empty(settings) as database_url:
        simulation = Simulation(database_url, settings, wish)
        try:
            result = asdict(simulation.run())
        finally:
            simulation.close()
    (print_json if as_json else print_fields)(result)
