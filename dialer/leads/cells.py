"""What a spreadsheet did to a cell, undone: Excel's apostrophe and formula quotes, invisible characters, odd digits."""

from __future__ import annotations

import re
import unicodedata

_FORMULA_TEXT = re.compile(r'^=\s*"((?:[^"]|"")*)"$', re.DOTALL)
_FORMULA_NUMBER = re.compile(r"^=\s*(\+?\d[\d.]*)$")
_APOSTROPHES = frozenset("'`\u2018\u2019")
_WRAPPERS = _APOSTROPHES | {"="}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def clean(cell: str) -> str:
    """Return what the person meant to write, without what a spreadsheet or an export wrapped around it."""
    if not (cell.isascii() and cell.isprintable()):
        cell = "".join(_visible(character) for character in cell)
    cell = cell.strip()
    return _unwrapped(cell) if cell[:1] in _WRAPPERS else cell


def _unwrapped(cell: str) -> str:
    if match := _FORMULA_TEXT.match(cell):
        cell = match[1].replace('""', '"').strip()
    elif match := _FORMULA_NUMBER.match(cell):
        cell = match[1]
    if cell[:1] in _APOSTROPHES and not cell[1:2].isalpha():
        cell = cell[1:].strip()
    return cell


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula. `clean` takes the apostrophe off again."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def ascii_digits(text: str) -> str:
    """Write every decimal digit of any script, and full-width signs, in ASCII."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def folded(text: str) -> str:
    """Return letters and digits in lower case without accents, words apart by one space: for comparing names."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _visible(character: str) -> str:
    """Keep what is seen; spaces of any kind become plain ones, and what joins letters of a script stays in it."""
    if character in "\n\t" or character.isprintable():
        return character
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character in "\r\v\f\x85":
        return " "
    return ""
