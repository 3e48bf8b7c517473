"""The notes of a simulation: what happened, line by line, the same for the same seed."""

from __future__ import annotations

import hashlib
from collections import deque

from dialer.simulation.clock import VirtualClock
from dialer.simulation.seating import Stream


class Notes:
    """The last events for whoever asks what led to a violation, and a hash of them all."""

    def __init__(self, clock: VirtualClock, last: deque[str]) -> None:
        self._clock, self._last = clock, last
        self._hash = hashlib.sha256()
        self._names: dict[str, str] = {}

    @property
    def sha256(self) -> str:
        """Of all lines so far."""
        return self._hash.hexdigest()

    def add(self, what: str, *args: object) -> None:
        """Write a line."""
        told = " ".join(self._named(arg) for arg in args)
        line = f"{self._clock.monotonic():12.3f} {what} {told}"
        self._last.append(line)
        self._hash.update(line.encode())

    def _named(self, arg: object) -> str:
        """Short names for ids, in the order in which they were first seen."""
        if isinstance(arg, Stream):
            return f"{self._named(str(arg.seat.call_id))}#{arg.seat.epoch}"
        if isinstance(arg, dict):
            return f"{arg['CallSid'].lstrip('CA0')}:{arg['CallStatus']}"
        if isinstance(arg, str) and len(arg) == 36:
            return self._names.setdefault(arg, f"call-{len(self._names) + 1}")
        if isinstance(arg, str) and arg.startswith("CA"):
            return f"leg-{arg.lstrip('CA0')}"
        return str(arg) if isinstance(arg, str | int | float | bool) else type(arg).__name__
