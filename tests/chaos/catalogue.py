"""The faults by their number in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.run import Run
from tests.chaos.world import Shape

QUICK = Shape(lead_workers=2, beats=3)
"""Calls without audio, most of the engine twice: the shape that serves most faults."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry. `inject` starts campaigns, breaks things and returns; the runner waits for quiet and judges."""

    number: str
    title: str
    inject: Callable[[Run], None]
    quiet_s: float
    """How long after the last strike everything may take to be done."""
    recovers_s: float
    """How long after any strike the next call may take."""
    seconds: float
    """About how long all of it takes where the machine is quiet: long ones are not run side by side."""
    shape: Shape
    short: bool
    """Part of the short selection."""
    order: int
    """Where it stands among the others: what the world survives comes first."""


FAULTS: dict[str, Fault] = {}


def fault(
    number: str,
    title: str,
    *,
    quiet_s: float = 90.0,
    recovers_s: float = 60.0,
    seconds: float = 90.0,
    shape: Shape = QUICK,
    short: bool = False,
) -> Callable[[Callable[[Run], None]], Callable[[Run], None]]:
    """Enter a function into the catalogue."""

    def enter(inject: Callable[[Run], None]) -> Callable[[Run], None]:
        assert number not in FAULTS
        FAULTS[number] = Fault(number, title, inject, quiet_s, recovers_s, seconds, shape, short, len(FAULTS))
        return inject

    return enter


def load() -> dict[str, Fault]:
    """Every fault, by number."""
    from tests.chaos import (  # noqa: F401 - they enter themselves
        carrier,
        messages,
        optouts,
        processes,
        restoring,
        servers,
        talking,
    )

    return FAULTS


def chosen(*, everything: bool, only: str = "") -> list[Fault]:
    """Which faults to run, those of one shape together.

    Args:
        everything: all of them; else the short selection.
        only: numbers such as "1,3,10"; wins over `everything`. "2" means 2 and all of its parts, such as 2a.

    Raises:
        ValueError: there is no such fault.
    """
    every = list(load().values())
    if only:
        wanted = [word.strip() for word in only.split(",") if word.strip()]
        for word in wanted:
            if not any(_is(fault, word) for fault in every):
                raise ValueError(f"There is no fault {word}; there are {', '.join(fault.number for fault in every)}.")
        every = [fault for fault in every if any(_is(fault, word) for word in wanted)]
    elif not everything:
        every = [fault for fault in every if fault.short]
    return sorted(every, key=lambda fault: (str(fault.shape), fault.order))


def _is(fault: Fault, word: str) -> bool:
    return fault.number == word or fault.number.rstrip("abcdefgh") == word
