"""Headings of a document as it is read: which ones stand above a text, and where."""

from __future__ import annotations

from dialer.knowledge.sections import Section, section


class Outline:
    """Gathers text under the headings above it."""

    def __init__(self) -> None:
        self._above: list[tuple[int, str]] = []
        self._place = ""
        self._parts: list[str] = []
        self._sections: list[Section] = []

    def heading(self, level: int, title: str, *, line: int | None = None) -> None:
        """Begin a section under a heading of this level; 1 is the outermost."""
        self._close()
        self._above = [(above, text) for above, text in self._above if above < level]
        if title.strip():
            self._above.append((level, " ".join(title.split())))
        self._place = f"line {line}" if line else ""

    def add(self, text: str) -> None:
        """Take a piece of text; what parts it from the next is up to whoever adds it."""
        self._parts.append(text)

    def sections(self) -> list[Section]:
        """Return what was gathered."""
        self._close()
        return self._sections

    def _close(self) -> None:
        title = " > ".join(text for _, text in self._above)
        found = section("".join(self._parts), place=self._place, title=title)
        if found is not None:
            self._sections.append(found)
        self._parts = []
