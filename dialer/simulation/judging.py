"""The judge: holds what the carrier was made to do against the laws, at the moment it happens and without our rows."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.errors import DialerError

LAST_EVENTS = 40
AFTER_STOP = timedelta(seconds=0.75)
"""A dial that was let through may still send its request for so long (its deadline and a margin) after a stop."""


class Violation(DialerError):
    """A law was broken. The seed brings it back."""

    def __init__(self, what: str, *, seed: int, step: int, at: datetime, events: Iterable[str]) -> None:
        self.what, self.seed, self.step, self.events = what, seed, step, tuple(events)
        lines = [f"{what} (seed {seed}, step {step}, {at:%Y-%m-%d %H:%M:%S} UTC). The last events:", *self.events]
        super().__init__("\n  ".join(lines))


@dataclass(frozen=True, slots=True)
class Terms:
    """What binds a dial to one number, as the judge was told it at the start."""

    zone: str
    opens_hour: int
    closes_hour: int
    days: frozenset[int]
    """Weekdays, Monday is 0."""
    attempts: int


@dataclass(slots=True)
class Judge:
    """What the judge saw. `broken` collects in words what must never be."""

    terms: dict[str, Terms] = field(default_factory=dict)
    """By number; a number without terms must never be dialed."""
    opted_out: dict[str, datetime] = field(default_factory=dict)
    gate_shut_since: datetime | None = None
    dials: Counter[str] = field(default_factory=Counter)
    """By the call that the carrier was told to ask about."""
    dials_to: Counter[str] = field(default_factory=Counter)
    open_to: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    events: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_EVENTS))

    def accepted(self, call_id: str, phone: str, now: datetime) -> None:
        """Judge a dial that the carrier takes."""
        self.dials[call_id] += 1
        self.dials_to[phone] += 1
        self.open_to[phone] += 1
        terms = self.terms.get(phone)
        self._must(self.dials[call_id] == 1, f"law 1: call {call_id} was dialed {self.dials[call_id]} times")
        self._must(self.open_to[phone] == 1, f"law 2: {phone} has {self.open_to[phone]} open calls")
        self._must(terms is not None, f"law 3: {phone} was dialed without consent")
        self._must(phone not in self.opted_out, f"law 4: {phone} was dialed at {now} and has opted out before")
        shut = self.gate_shut_since
        self._must(
            shut is None or now <= shut + AFTER_STOP, f"the gate was shut at {shut}; {phone} was dialed at {now}"
        )
        if terms is not None:
            local = now.astimezone(ZoneInfo(terms.zone))
            lawful = terms.opens_hour <= local.hour < terms.closes_hour and local.weekday() in terms.days
            self._must(lawful, f"law 3: {phone} was dialed at {local:%A %H:%M} of its own time")
            self._must(
                self.dials_to[phone] <= terms.attempts, f"law 3: {phone} was dialed {self.dials_to[phone]} times"
            )

    def over(self, phone: str) -> None:
        """A call has ended at the carrier."""
        self.open_to[phone] -= 1

    def has_opted_out(self, phone: str, now: datetime) -> None:
        """An opt-out was committed."""
        self.opted_out.setdefault(phone, now)

    def _must(self, holds: bool, words: str) -> None:  # noqa: FBT001 - what must hold comes first
        if not holds:
            self.broken.append(words)
