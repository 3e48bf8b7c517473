"""What a reader makes of a document: its text in sections, each with the place where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n\s*\n+")
_INVISIBLE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff\U000e0000-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text under one heading."""

    text: str
    place: str = ""
    """Where a person finds it: page 3, row 12."""
    title: str = ""
    """The headings above it, outermost first: Prices > Maintenance."""


def section(text: str, *, place: str = "", title: str = "") -> Section | None:
    """Make a section of a text as it was found; None if nothing of it can be read.

    Paragraphs stay apart by a blank line. What nobody sees goes: control characters, zero-width ones, and the tags of
    Unicode, in which instructions can be hidden from whoever uploads the document.
    """
    visible = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [_SPACES.sub(" ", line).strip() for line in visible.split("\n")]
    tidy = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    if not any(character.isalnum() for character in tidy):
        return None
    return Section(tidy, place, _SPACES.sub(" ", _INVISIBLE.sub("", title)).strip())
