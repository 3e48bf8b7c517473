"""Callbacks that keep nobody alive.

A call's parts refer upwards only so. Then all that it was made of is freed as it ends, audio and all, and nothing is
left for a search for garbage, which holds up every other call of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec
from weakref import WeakMethod

Arguments = ParamSpec("Arguments")


def weakly(method: Callable[Arguments, object]) -> Callable[Arguments, None]:
    """Return what calls a bound method as long as its object is there, and afterwards does nothing."""
    found = WeakMethod(method)

    def call(*args: Arguments.args, **named: Arguments.kwargs) -> None:
        there = found()
        if there is not None:
            there(*args, **named)

    return call
