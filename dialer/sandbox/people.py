"""Who a number is: a matter of (seed, number, how many calls it has had), never of wall time or order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dialer.sandbox.faults import chance
from dialer.sandbox.people_hindi import HINDI
from dialer.sandbox.people_kinds import BY_NAME, KINDS, Kind

KNOWN: Mapping[str, Kind] = {**BY_NAME, **{kind.name: kind for kind in HINDI}}
"""Every kind that a number can be pinned to."""
_AWAY_AT_FIRST, _AWAY_LATER = 0.22, 0.1
_AWAY = ("no_answer", "no_answer", "busy", "voicemail")
_REACHED_AT_LAST = 0.6
_TALKERS = ("interested", "curious", "not_interested", "callback", "hums")
_REPEATS = {"no_answer", "busy", "voicemail", "hangs_up", "silent"}
"""Kinds that may be somebody who can be talked to when they are called again."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One call to one number: who takes it."""

    number: str
    index: int
    """How many calls the number had before."""
    kind: Kind


class People:
    """Everybody who has a phone number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._calls: Counter[str] = Counter()
        self._pinned: dict[str, Kind] = {}
        self._lock = threading.Lock()

    def meet(self, number: str) -> Meeting:
        """Call a number: this counts."""
        with self._lock:
            index = self._calls[number]
            self._calls[number] += 1
        return Meeting(number, index, self.kind(number, index))

    def had(self, number: str) -> int:
        """How many calls a number has had."""
        return self._calls[number]

    def remember(self, number: str, calls: int) -> None:
        """Take over from an earlier run how many calls a number has had."""
        self._calls[number] = max(self._calls[number], calls)

    def pin(self, number: str, name: str | None) -> None:
        """Make a number a kind whatever the dice say; None leaves it to them again.

        Raises:
            KeyError: there is no such kind.
        """
        if name is None:
            self._pinned.pop(number, None)
        else:
            self._pinned[number] = KNOWN[name]

    def kind(self, number: str, index: int | None = None) -> Kind:
        """Who takes call `index` of a number; None: its next call."""
        if number in self._pinned:
            return self._pinned[number]
        at = self._calls[number] if index is None else index
        settled = self._settled(number)
        if settled.name == "callback" and any(self._takes(number, i) is settled for i in range(at)):
            return BY_NAME["interested" if self._roll(number, "won") < 0.7 else "not_interested"]
        return self._takes(number, at)

    def _takes(self, number: str, index: int) -> Kind:
        settled = self._settled(number)
        if settled.human and self._roll(number, "away", index) < (_AWAY_AT_FIRST if index == 0 else _AWAY_LATER):
            return BY_NAME[_AWAY[int(self._roll(number, "how", index) * len(_AWAY))]]
        if index > 0 and settled.name in _REPEATS and self._roll(number, "reached", index) < _REACHED_AT_LAST:
            return BY_NAME[_TALKERS[int(self._roll(number, "who", index) * len(_TALKERS))]]
        return settled

    def _settled(self, number: str) -> Kind:
        point = self._roll(number, "kind") * sum(kind.share for kind in KINDS)
        for kind in KINDS:
            point -= kind.share
            if point < 0:
                return kind
        return KINDS[-1]

    def _roll(self, *key: object) -> float:
        return chance(self._seed, "people", *key)
