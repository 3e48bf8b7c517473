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
    gc.disable()
    gc.collect()
    stays = {id(one) for one in _searched()}  # an event loop of uvloop's that another test left open cannot be freed
    try:
        yield found
        found.update(
            type(one).__qualname__
            for one in _searched()
            if type(one).__module__.startswith((*OURS, *HTTP)) and id(one) not in stays
        )
    finally:
        gc.enable()


def _searched() -> list[object]:
    """What is garbage now. It is left to the next search."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return gc.garbage.copy()
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
