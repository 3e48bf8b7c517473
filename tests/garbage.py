"""What is left to a search for garbage, because counting references did not free it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

OURS: Final = ("dialer.conversation", "dialer.speech", "dialer.speech2speech", "dialer.llm", "dialer.live_http")
"""What a live call is made of."""
HTTP: Final = ("aiohttp", "httpx", "httpcore")
"""And what its vendors are asked by, of whatever version."""


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """Count by type the garbage that the block makes of what a live call is made of."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.update(type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith((*OURS, *HTTP)))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
