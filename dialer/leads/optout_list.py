"""Numbers to opt out, as a person gives them: one by one, or as the column of a CSV of any encoding and delimiter.

A number without a country code is nobody's in particular: it is opted out in each country in which it may have been
meant, for a person too many is left alone and one too few is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from dialer.errors import BadInput
from dialer.leads import mapping, reading
from dialer.leads.cells import clean
from dialer.leads.phones import Number, Refusal
from dialer.leads.phones import read as read_number
from dialer.leads.regions import country

SAMPLE_ROWS = 200


@dataclass(slots=True)
class Listed:
    """What was given."""

    phones: dict[str, set[str]] = field(default_factory=dict)
    """How they came (csv or operator) → numbers, E.164."""
    unreadable: list[str] = field(default_factory=list)
    """Lines of files that hold no number, each with why."""


def read(given: Iterable[str], regions: Sequence[str]) -> Listed:
    """Read names of files and numbers.

    Args:
        given: each one a file or a number.
        regions: ISO countries, one at least, in which a number without a country code may have been meant, where its
            row in a file does not name one.

    Raises:
        BadInput: something is neither a file nor a number, or a file has no column of numbers. Nothing is done then.
    """
    listed = Listed()
    for item in given:
        path = Path(item)
        if path.is_file():
            _file(path, regions, listed)
            continue
        meant = readings(item, regions)
        if isinstance(meant, Refusal):
            raise BadInput(f"{item}: there is no such file, and as a number: {meant}. Nothing was changed.")
        listed.phones.setdefault("operator", set()).update(meant)
    return listed


def readings(cell: str, regions: Sequence[str]) -> set[str] | Refusal:
    """The numbers, E.164, that a cell may mean; if it is none in any of the regions, why not in the first."""
    read_in = [read_number(clean(cell), region) for region in regions]
    return {number.e164 for number in read_in if isinstance(number, Number)} or next(
        refusal for refusal in read_in if isinstance(refusal, Refusal)
    )


def _file(path: Path, regions: Sequence[str], listed: Listed) -> None:
    with path.open("rb") as source:
        rows = reading.rows(source, reading.examine(source))
        first, *sample = islice(rows, 1 + SAMPLE_ROWS)
        columns = mapping.guess(first.cells, [row.cells for row in sample], regions[0])
        if "phone" not in columns.columns:
            raise BadInput(f"{path.name} has no column of phone numbers. Nothing was changed.")
        at, nation = columns.columns["phone"], columns.columns.get("country")
        phones = listed.phones.setdefault("csv", set())
        for chunk in (sample if columns.has_header else [first, *sample], rows):
            for row in chunk:
                named = country(_cell(row.cells, nation))
                meant = readings(_cell(row.cells, at), (named,) if named else regions)
                if isinstance(meant, Refusal):
                    listed.unreadable.append(f"{path.name} line {row.line}: {meant}")
                else:
                    phones |= meant


def _cell(cells: Sequence[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""
