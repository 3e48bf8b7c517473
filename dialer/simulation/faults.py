"""What goes wrong in a simulation, how often, and how often it did."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """A kind of fault."""

    REPLY_LOST = "reply lost after accepting"
    ERROR_AFTER_ACCEPTING = "5xx after accepting"
    REQUEST_LOST = "request lost, nobody knows"
    BUSY = "429"
    REFUSED = "refused"
    LIST_AWAY = "carrier cannot be asked"
    CALLBACK_MISSING = "callback missing"
    CALLBACK_DOUBLED = "callback doubled"
    CALLBACK_LATE = "callback late, out of order"
    CALLBACK_NOT_FOLDED = "callback stored, web died"
    ANSWER_FAILED = "answer URL failed, fallback asked"
    MESSAGE_LOST = "message lost"
    MESSAGE_DOUBLED = "message doubled"
    MESSAGE_LATE = "message late"
    CRASH = "lead worker died"
    FREEZE = "lead worker frozen"
    CALL_WORKER_KILLED = "call worker killed"
    READER_AWAY = "transcript reader away"


Plan = Mapping[Fault, float]
"""Fault → the share of chances at which it strikes, 0 to 1. What is not named never does."""

SOME: Plan = MappingProxyType(
    {
        **dict.fromkeys(Fault, 0.02),
        Fault.CRASH: 0.004,  # chances are six for each dial
        Fault.FREEZE: 0.004,
        Fault.CALL_WORKER_KILLED: 0.002,  # a chance is a tick
    }
)
MANY: Plan = MappingProxyType(
    {**dict.fromkeys(Fault, 0.12), Fault.CRASH: 0.03, Fault.FREEZE: 0.03, Fault.CALL_WORKER_KILLED: 0.01}
)
LEVELS: Mapping[str, Plan] = MappingProxyType({"none": MappingProxyType({}), "some": SOME, "many": MANY})


@dataclass(slots=True)
class Faults:
    """Decides at each chance, from one source of chance, and counts."""

    plan: Plan
    chance: random.Random
    struck: Counter[str] = field(default_factory=Counter)

    def strikes(self, fault: Fault) -> bool:
        """Whether it goes wrong here."""
        share = self.plan.get(fault, 0.0)
        if not share or self.chance.random() >= share:
            return False
        self.struck[fault.value] += 1
        return True
