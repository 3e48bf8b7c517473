"""A CSV file of any make, read as a stream of rows: its encoding, its delimiter, and the lines that are broken.

Memory does not grow with the file: a line, a cell and a row each have a limit, and a quote that
is never closed costs its own line only.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

from dialer.errors import BadInput

DELIMITERS = ",;\t|"
MAX_LINE_CHARACTERS = 1 << 17
"""Also the limit that the csv module sets to a cell."""
MAX_LINES_OF_A_ROW = 500
"""A quoted cell may hold line breaks. One that runs over more lines than this was never closed."""
SAMPLE_BYTES = 1 << 16
SAMPLE_ROWS = 50
_CHUNK_BYTES = 1 << 20
_LEGACY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "euc_kr", "big5", "mac_roman"]
_FOREIGN_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
MOSTLY_ACCENTS = 0.5
"""In words of a Latin script fewer of the letters than this carry accents; in others nearly all are beyond ASCII."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a look over the whole file tells."""

    sha256: str
    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the file. `fault` says why it cannot be read; its cells are then the raw line."""

    line: int
    """Of its first line, from 1."""
    cells: list[str]
    fault: str = ""


def examine(source: BinaryIO) -> Shape:
    """Read the file once, find out what it is, and go back to its start.

    Raises:
        BadInput: it is empty, or it is no text.
    """
    source.seek(0)
    sha256, utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    start, legacy, is_utf8, size = b"", b"", True, 0
    while chunk := source.read(_CHUNK_BYTES):
        sha256.update(chunk)
        size += len(chunk)
        start = start or chunk[:SAMPLE_BYTES]
        if is_utf8:
            try:
                utf8.decode(chunk)
            except UnicodeDecodeError as error:
                is_utf8 = False
                legacy = chunk[max(0, error.start - 1000) : error.start + SAMPLE_BYTES]
    source.seek(0)
    if not start.strip(b"\0 \t\r\n"):
        raise BadInput("The file is empty.")
    encoding = _encoding(start, legacy)
    text = start.decode(encoding, errors="ignore").replace("\0", "")
    _refuse_binary(start, text)
    return Shape(sha256.hexdigest(), encoding, _delimiter(text))


def rows(source: BinaryIO, shape: Shape) -> Iterator[Row]:
    """Read every row that is not blank, the header included. Leaves the file open."""
    text = io.TextIOWrapper(source, encoding=shape.encoding, errors="replace", newline="")
    try:
        yield from _Rows(text, shape.delimiter)
    finally:
        if not source.closed:
            text.detach()


class _Rows:
    """Joins lines into rows. It keeps the lines of the row it is in, to go back to them if a quote is never closed."""

    def __init__(self, text: io.TextIOWrapper, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self._line = 0

    def __iter__(self) -> Iterator[Row]:
        reader = self._reader()
        while True:
            self._taken.clear()
            first = self._line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong):
                yield self._broken(first)
                reader = self._reader()
                continue
            if any(cell and not cell.isspace() for cell in cells):
                yield Row(first, cells)

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines(), delimiter=self._delimiter, strict=True)

    def _lines(self) -> Iterator[str]:
        while True:
            if len(self._taken) >= MAX_LINES_OF_A_ROW:
                raise _TooLong
            line = self._back.popleft() if self._back else self._read()
            if not line:
                return
            self._line += 1
            self._taken.append(line)
            if len(line) > MAX_LINE_CHARACTERS:
                raise _TooLong
            yield line

    def _read(self) -> str:
        """Read a line. Of one that is too long the rest is skipped, and it stays recognizable as too long."""
        line = self._text.readline(MAX_LINE_CHARACTERS + 1)
        if len(line) > MAX_LINE_CHARACTERS and line[-1] not in "\r\n":
            while (rest := self._text.readline(MAX_LINE_CHARACTERS)) and rest[-1] not in "\r\n":
                pass
        return line.replace("\0", "") if "\0" in line else line

    def _broken(self, first: int) -> Row:
        """Give up the first line of what was taken, or read it leniently; the other lines are read again."""
        broken, *rest = self._taken
        self._back.extendleft(reversed(rest))
        self._line = first
        if len(broken) > MAX_LINE_CHARACTERS:
            return Row(first, [broken[:200]], "line is too long")
        lenient = list(csv.reader([broken], delimiter=self._delimiter))
        closed = broken.count('"') % 2 == 0
        if len(lenient) == 1 and closed:
            return Row(first, lenient[0])
        return Row(first, [broken.rstrip("\r\n")], "quote is never closed")


class _TooLong(Exception):
    """A row runs over more than it may."""


def _encoding(start: bytes, legacy: bytes) -> str:
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    if (nul := start[:4096].count(0)) * 5 > len(start[:4096]):
        odd = start[1:4096:2].count(0)
        return "utf-16-le" if odd * 2 > nul else "utf-16-be"
    if not legacy:
        return "utf-8"
    whole = legacy.decode("utf-8", errors="replace")
    wrong = whole.count("\ufffd")
    if sum(ord(character) > 127 for character in whole) > 3 * wrong:
        return "utf-8"  # a few broken bytes in a file that is otherwise what it says
    words = b" ".join(_FOREIGN_WORD.findall(legacy))
    if sum(byte > 127 for byte in words) < MOSTLY_ACCENTS * len(words):
        return "cp1252"
    best = from_bytes(words, cp_isolation=_LEGACY).best()
    return best.encoding if best is not None else "cp1252"


def _refuse_binary(start: bytes, text: str) -> None:
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadInput("This is a workbook or an archive, not a CSV file: save the sheet as CSV and import that.")
    odd = sum(not (c.isprintable() or c in "\t\r\n\x0b\x0c\x85\ufeff") and ord(c) < 0x2000 for c in text)
    if not text.strip() or odd * 10 > len(text) + 20:
        raise BadInput("This is not a CSV file: it does not look like text in any encoding.")


def _delimiter(text: str) -> str:
    """Choose the delimiter that gives the most rows of one width; `sep=;` in the first line decides."""
    first = text.lstrip("\ufeff").split("\n", 1)[0].strip()
    if first[:4].lower() == "sep=" and len(first) == 5 and first[4] in DELIMITERS:
        return first[4]
    best, chosen = (0.0, 0), ","
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                if any(row):
                    widths[len(row)] += 1
                if widths.total() >= SAMPLE_ROWS:
                    break
        except csv.Error:
            continue
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if width > 1 and (score := (times / widths.total(), width)) > best:
            best, chosen = score, delimiter
    return chosen
