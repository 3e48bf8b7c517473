"""CSV of any encoding and delimiter: each row is a section of its own, its cells named by their columns."""

from __future__ import annotations

import io

from dialer.errors import BadInput
from dialer.knowledge.sections import Section, section
from dialer.leads import reading
from dialer.leads.cells import clean

MOST_ROWS = 20_000


def read(body: bytes) -> list[Section]:
    """Return a section for each row below the header.

    Raises:
        BadInput: it is empty, it is no text, a row is broken, or there are too many.
    """
    source = io.BytesIO(body)
    try:
        shape = reading.examine(source)
    except BadInput as error:
        raise BadInput(str(error)[:1].lower() + str(error)[1:]) from error
    header: list[str] = []
    sections: list[Section] = []
    for row in reading.rows(source, shape):
        if row.fault:
            raise BadInput(f"line {row.line}: {row.fault}.")
        cells = [clean(cell) for cell in row.cells]
        if not header:
            header = cells
            continue
        named = zip(header + [""] * (len(cells) - len(header)), cells, strict=False)
        text = "\n".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
        if (found := section(text, place=f"row {row.line}")) is not None:
            sections.append(found)
        if len(sections) > MOST_ROWS:
            raise BadInput(f"line {row.line}: more than {MOST_ROWS:,} rows; split the file.")
    if not sections:
        raise BadInput("there is no row below the header.")
    return sections
