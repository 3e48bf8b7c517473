"""Word documents (.docx): a section for each heading; a table's row is a line."""

from __future__ import annotations

import io
import re
import zipfile

from docx import Document
from docx.table import Table

from dialer.errors import BadInput
from dialer.knowledge.reading.headings import Outline
from dialer.knowledge.sections import Section

MOST_UNPACKED_BYTES = 200_000_000
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_OLD_WORD = b"\xd0\xcf\x11\xe0"


def read(body: bytes) -> list[Section]:
    """Return a section for each heading.

    Raises:
        BadInput: it is no Word document, is protected by a password, unpacks to too much, or has no words.
    """
    if body.startswith(_OLD_WORD):
        raise BadInput("it is a .doc of old, or protected by a password: save it as .docx without one.")
    try:
        _refuse_bomb(body)
        document = Document(io.BytesIO(body))
        outline = Outline()
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                _table(block, outline)
                continue
            style = block.style.name if block.style is not None and block.style.name else ""
            if style.lower() == "title":
                outline.heading(1, block.text)
            elif (level := _HEADING.match(style)) is not None:
                outline.heading(int(level.group(1)), block.text)
            else:
                outline.add(block.text + "\n\n")
    except BadInput:
        raise
    except Exception as error:  # a damaged archive raises whatever the reader stumbled over
        raise BadInput(f"it is no Word document, or a damaged one ({error}).") from error
    sections = outline.sections()
    if not sections:
        raise BadInput("there are no words in it; text in pictures is not read.")
    return sections


def _table(table: Table, outline: Outline) -> None:
    for row in table.rows:
        cells = [" ".join(cell.text.split()) for cell in row.cells]
        merged = [cell for at, cell in enumerate(cells) if at == 0 or cell != cells[at - 1]]
        outline.add(" | ".join(merged) + "\n")
    outline.add("\n")


def _refuse_bomb(body: bytes) -> None:
    """A small archive can unpack to more than any memory holds."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MOST_UNPACKED_BYTES:
        raise BadInput(f"it unpacks to {unpacked:,} bytes; {MOST_UNPACKED_BYTES:,} are taken.")
