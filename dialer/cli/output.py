"""What a command prints: for people, or with --json one JSON object on stdout and nothing else there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object. Times, ids and the like become their text."""
    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


def print_fields(value: Mapping[str, Any]) -> None:
    """Print names and values, one a line, nested ones indented."""
    _print(value, "")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table, or the words `empty` if there is no row."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table if table.row_count else empty)


def say(message: str) -> None:
    """Tell the person at the terminal something that is not the result: on stderr."""
    typer.echo(message, err=True)


def _print(value: Mapping[str, Any], indent: str) -> None:
    width = max((len(str(name)) for name in value), default=0)
    for name, item in value.items():
        if isinstance(item, Mapping):
            typer.echo(f"{indent}{name}:" if item else f"{indent}{name!s:<{width}}  -")
            _print(item, indent + "  ")
        else:
            typer.echo(f"{indent}{name!s:<{width}}  {item}")
