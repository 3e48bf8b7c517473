"""What a measurement hands in: figures, each beside what it is compared to and the goal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.spread import Spread


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    unit: str
    ours: Spread
    against: Mapping[str, Spread] = field(default_factory=dict)
    """The same of others in the same run, by their name."""
    goal: str = ""
    met: bool | None = None
    """None: there is no goal, or it cannot be told here."""

    def ratio(self, other: str) -> float:
        """Ours over theirs."""
        theirs = self.against[other].median
        return self.ours.median / theirs if theirs else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one measurement found."""

    name: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    """Everything that was seen, for `--json`."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how a measurement is made."""

    home: Path
    """Of this bench; a measurement makes and removes its own folders in it."""
    tell: Callable[[str], None]
    """Says one line to whoever waits."""
    quick: bool = False
    """Small sizes: proves that everything runs, and measures little."""
    large: bool = False
    """Also what takes tens of minutes and gigabytes."""


Measurement = Callable[[Bench], Row]
