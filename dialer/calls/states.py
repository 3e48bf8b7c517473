"""The states of a call, and the only steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class CallState(StrEnum):
    """One attempt's life. `withdrawn`: never sent. `failed`: refused, or settled as never placed. `ended`: the carrier
    says it is over. `unknown`: sent, perhaps, and nobody knows; settled by asking the carrier, never by sending again.
    """

    CLAIMED = "claimed"
    DIALING = "dialing"
    UNKNOWN = "unknown"
    PLACED = "placed"
    RINGING = "ringing"
    ANSWERED = "answered"
    TALKING = "talking"
    TRANSFERRED = "transferred"
    ENDED = "ended"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


S = CallState

# From `dialing` and `unknown` on every later state is a next step: callbacks get lost, and outrun the POST's reply.
NEXT: Mapping[CallState, frozenset[CallState]] = MappingProxyType(
    {
        S.CLAIMED: frozenset({S.DIALING, S.WITHDRAWN}),
        S.DIALING: frozenset({S.PLACED, S.RINGING, S.ANSWERED, S.TALKING, S.ENDED, S.FAILED, S.WITHDRAWN, S.UNKNOWN}),
        S.UNKNOWN: frozenset({S.PLACED, S.RINGING, S.ANSWERED, S.TALKING, S.ENDED, S.FAILED}),
        S.PLACED: frozenset({S.RINGING, S.ANSWERED, S.TALKING, S.ENDED}),
        S.RINGING: frozenset({S.ANSWERED, S.TALKING, S.ENDED}),
        S.ANSWERED: frozenset({S.TALKING, S.TRANSFERRED, S.ENDED}),
        S.TALKING: frozenset({S.TRANSFERRED, S.ENDED}),
        S.TRANSFERRED: frozenset({S.ENDED}),
        S.ENDED: frozenset(),
        S.FAILED: frozenset(),
        S.WITHDRAWN: frozenset(),
    }
)

OPEN = frozenset(state for state in CallState if NEXT[state])
"""A call in one of these may still ring or talk; `unknown` is one of them."""

LIVE = frozenset({S.ANSWERED, S.TALKING})
"""Somebody picked up, and a seat should be with them."""

WAITS_AT_CARRIER = frozenset({S.PLACED, S.RINGING})
"""The carrier has it, and nobody picked up yet: it can still be cancelled unheard."""

BEFORE: Mapping[CallState, frozenset[CallState]] = MappingProxyType(
    {state: frozenset(earlier for earlier, later in NEXT.items() if state in later) for state in CallState}
)


def ahead(state: CallState) -> frozenset[CallState]:
    """Every state that can still be reached from `state`."""
    reached: set[CallState] = set()
    rest = set(NEXT[state])
    while rest:
        step = rest.pop()
        if step not in reached:
            reached.add(step)
            rest |= NEXT[step]
    return frozenset(reached)
