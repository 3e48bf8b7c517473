"""The report for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from dialer.demo.report import Report


def print_report(report: Report, console: Console) -> None:
    """Print the report."""
    console.print()
    left = _table("the list", {"rows": report.rows, "imported": report.imported, **report.rejected})
    middle = _table("leads", {name.replace("_", " "): number for name, number in report.leads.items()})
    right = _table("outcomes", {name.replace("_", " "): number for name, number in report.outcomes.items()})
    crms = _table(
        "written to",
        {f"{crm} {name}": number for crm, objects in report.crm_effects.items() for name, number in objects.items()}
        | {"follow-ups": report.follow_ups},
    )
    grid = Table.grid(padding=(0, 4))
    grid.add_row(left, middle, right, crms)
    console.print(Panel(grid, title="What came of it", title_align="left"))
    laws = Table.grid(padding=(0, 2))
    for name, violations in report.laws.items():
        laws.add_row("[red]broken[/]" if violations else "[green]holds[/]", name, str(violations or ""))
    laws.add_row(
        "[red]no[/]" if report.duplicate_dials else "[green]yes[/]", "nobody was dialed twice (carrier's ledger)", ""
    )
    for words in report.disagreements:
        laws.add_row("[red]differs[/]", words, "")
    console.print(Panel(laws, title="The laws", title_align="left"))
    console.print(f"Calls placed      {report.calls_placed}")
    console.print(f"First audio       {_milliseconds(report.answer_to_first_audio_ms)} after the answer")
    console.print(f"Turn latency      {_milliseconds(report.turn_latency_over_vendor_ms)} beyond the vendors' own")
    for ear, heard in report.heard.items():
        console.print(
            f"Words heard       {heard['words']} whole by {ear}, {heard['broken_words']} cut short, "
            f"{heard['unknown']} stretches of unknown speech"
        )
    console.print(
        f"Time              {report.wall_seconds:.0f} s, {report.cpu_seconds:.0f} s of CPU, {report.time_jumps} jumps"
    )
    for vendor, how in report.struck.items():
        failed = f"{how['cut']} sockets in use, {how['refused']} requests since"
        console.print(f"Struck            {vendor} is {how['condition']}: {failed}")
    console.print(f"Recordings        {report.recordings}", soft_wrap=True)
    console.print(f"Carrier's ledger  {report.ledger}", soft_wrap=True)
    console.print("[green]Everything agrees.[/]" if report.ok else "[red]Something is wrong; see above.[/]")


def _table(title: str, values: Mapping[str, int]) -> Table:
    table = Table(title, "", box=None, header_style="bold")
    for name, number in values.items():
        table.add_row(name, str(number))
    return table


def _milliseconds(percentiles: Mapping[str, float | None]) -> str:
    if percentiles.get("p50") is None:
        return "not measured"
    return f"{percentiles['p50']:.0f} ms (p95 {percentiles['p95']:.0f} ms)"
