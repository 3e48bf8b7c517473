"""Vendors that are struck while the demo's calls are live, by order of whoever runs it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dialer.demo.snapshot import Snapshot
from dialer.demo.world import WorldClient
from dialer.errors import BadInput
from dialer.sandbox.outages import VENDORS, Condition

AFTER_S = 8.0
"""Long enough for most of the first calls to be in the midst of their conversation."""
_ORDER = re.compile(r"(?P<vendor>[a-z]+)(?:@(?P<after_s>\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens to a vendor, and how long after somebody first spoke with the agent."""

    vendor: str
    condition: Condition
    after_s: float


def read(kills: Sequence[str], mutes: Sequence[str]) -> tuple[Strike, ...]:
    """Read what the command was given, such as `deepgram@30`.

    Raises:
        BadInput: it is no vendor of the sandbox, or no number of seconds.
    """
    return (*(_read(order, "dead") for order in kills), *(_read(order, "mute") for order in mutes))


def _read(order: str, condition: Condition) -> Strike:
    found = _ORDER.fullmatch(order)
    if found is None or found["vendor"] not in VENDORS:
        raise BadInput(f"{order} is no VENDOR@SECONDS; vendors are {', '.join(sorted(VENDORS))}.")
    return Strike(found["vendor"], condition, float(found["after_s"] or AFTER_S))


class Striker:
    """Strikes each vendor once, when its time has come. Asked at every look at the campaign."""

    def __init__(self, strikes: Sequence[Strike], world: WorldClient) -> None:
        self._waiting = sorted(strikes, key=lambda strike: strike.after_s)
        self._world = world
        self._since: float | None = None

    def look(self, seen: Snapshot) -> str:
        """Strike what is due. Returns what was done, in words; "" if nothing was.

        Raises:
            httpx.HTTPError: the sandbox does not answer; asked again, it is tried again.
        """
        if self._since is None and any(call.words for call in seen.calls):
            self._since = time.monotonic()
        if self._since is None or not self._waiting or time.monotonic() - self._since < self._waiting[0].after_s:
            return ""
        strike = self._waiting[0]
        cut = self._world.strike(strike.vendor, strike.condition)
        self._waiting.pop(0)
        return f"{strike.vendor} is {strike.condition} from now on: {cut} of its sockets were in use."
