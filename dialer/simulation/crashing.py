"""Lends the product's crash points, and its source of ids, to a simulation for as long as it runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from dialer.calls import dialing
from dialer.campaigns import claiming


class WorkerDied(BaseException):
    """The process stops here. No `except Exception` may catch it, as none would catch kill -9."""


@contextmanager
def lent(at: Callable[[str], None], ids: random.Random) -> Iterator[None]:
    """Call `at` with the name of each point that is reached, and draw the ids of calls from `ids`."""
    before = [(module, name, getattr(module, name)) for module, name in _LENT]
    for module, _ in _LENT[:2]:
        setattr(module, "crash_point", at)  # noqa: B010 - a name of another module, for a while
    setattr(claiming, "uuid4", lambda: UUID(int=ids.getrandbits(128), version=4))  # noqa: B010 - the same
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


_LENT = ((dialing, "crash_point"), (claiming, "crash_point"), (claiming, "uuid4"))
