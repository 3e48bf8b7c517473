"""How rows are told: a table for people, an object for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rows import Figure, Row
from bench.spread import Spread


def show(row: Row, console: Console) -> None:
    """Print one measurement."""
    others = sorted({name for figure in row.figures for name in figure.against})
    table = Table(title=row.name, title_justify="left", title_style="bold")
    for heading in ("", "unit", "dialer", *others, *(f"dialer / {name}" for name in others), "goal", ""):
        table.add_column(heading)
    for figure in row.figures:
        cells = [figure.what, figure.unit, _spread(figure.ours)]
        cells += [_spread(figure.against[name]) if name in figure.against else "" for name in others]
        cells += [f"{figure.ratio(name):.2g}" if name in figure.against else "" for name in others]
        table.add_row(*cells, figure.goal, _met(figure))
    console.print(table)
    for note in row.notes:
        console.print(f"  {note}", markup=False)


def as_json(row: Row) -> dict[str, Any]:
    """The same as an object."""
    figures = [asdict(figure) | {"ratios": _ratios(figure)} for figure in row.figures]
    return {"name": row.name, "figures": figures, "notes": list(row.notes), "raw": dict(row.raw)}


def _ratios(figure: Figure) -> dict[str, float]:
    return {name: round(figure.ratio(name), 4) for name in figure.against}


def _spread(spread: Spread) -> str:
    if spread.runs == 1:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _met(figure: Figure) -> str:
    return "" if figure.met is None else "yes" if figure.met else "NO"
