"""What is left to a search for garbage, because counting references did not free it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """Count by type the garbage that the block makes of Dialer's own classes."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.update(type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith("dialer."))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
