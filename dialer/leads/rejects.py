"""The file of rejected rows: line, column, value and reason, then the row as it was, to mend and import."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from dialer.leads.cells import neutral

COLUMNS = ("line", "column", "value", "reason")


class RejectsFile:
    """Written as rows are rejected, and there only if one was. Its cells run in no spreadsheet as formulas.

    It holds phone numbers: only its owner may read it.
    """

    def __init__(self, path: Path, headers: Sequence[str]) -> None:
        self.path = path
        self.headers = headers
        self._file: TextIO | None = None

    def write(self, line: int, column: str, value: str, reason: str, cells: Sequence[str]) -> None:
        """Add a row."""
        if self._file is None:
            self._file = self._open()
        csv.writer(self._file).writerow([line, *(neutral(cell) for cell in (column, value, reason, *cells))])

    def close(self) -> str:
        """Finish the file and return its path, or "" if nothing was rejected."""
        if self._file is None:
            return ""
        self._file.close()
        return str(self.path)

    def _open(self) -> TextIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        file = os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="")
        csv.writer(file).writerow([*COLUMNS, *(neutral(header) for header in self.headers)])
        return file
