"""Numbers to opt out, as a person gives them: one by one, or as the column of a CSV of any encoding and delimiter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from dialer.errors import BadInput
from dialer.leads import mapping, reading
from dialer.leads.cells import clean
from dialer.leads.phones import Number
from dialer.leads.phones import read as read_number

SAMPLE_ROWS = 200


@dataclass(slots=True)
class Listed:
    """What was given."""

    phones: dict[str, set[str]] = field(default_factory=dict)
    """How they came (csv or operator) → numbers, E.164."""
    unreadable: list[str] = field(default_factory=list)
    """Lines of files that hold no number, each with why."""


def read(given: Iterable[str], region: str) -> Listed:
    """Read names of files and numbers.

    Args:
        region: how numbers without a country code are read.

    Raises:
        BadInput: something is neither a file nor a number, or a file has no column of numbers. Nothing is done then.
    """
    listed = Listed()
    for item in given:
        path = Path(item)
        if path.is_file():
            _file(path, region, listed)
            continue
        number = read_number(clean(item), region)
        if not isinstance(number, Number):
            raise BadInput(f"{item}: there is no such file, and as a number: {number}. Nothing was changed.")
        listed.phones.setdefault("operator", set()).add(number.e164)
    return listed


def _file(path: Path, region: str, listed: Listed) -> None:
    with path.open("rb") as source:
        rows = reading.rows(source, reading.examine(source))
        first, *sample = islice(rows, 1 + SAMPLE_ROWS)
        columns = mapping.guess(first.cells, [row.cells for row in sample], region)
        if "phone" not in columns.columns:
            raise BadInput(f"{path.name} has no column of phone numbers. Nothing was changed.")
        at = columns.columns["phone"]
        phones = listed.phones.setdefault("csv", set())
        for chunk in (sample if columns.has_header else [first, *sample], rows):
            for row in chunk:
                number = read_number(clean(row.cells[at] if at < len(row.cells) else ""), region)
                if isinstance(number, Number):
                    phones.add(number.e164)
                else:
                    listed.unreadable.append(f"{path.name} line {row.line}: {number}")
