"""Scripted stand-ins that play a vendor's part in memory, by the vendor's own promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from dialer.errors import NotFound
from dialer.telephony.base import CarrierCall, CarrierStatus, Deadline, DialOrder

_ids = count(1)


@dataclass
class FakeCarrier:
    """A carrier that accepts, unless `fails` says what it does instead. `accepts_first`: it fails after accepting."""

    fails: list[Exception] = field(default_factory=list)
    accepts_first: bool = False
    placed: list[DialOrder] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    calls: dict[str, CarrierCall] = field(default_factory=dict)
    urls: dict[str, list[str]] = field(default_factory=dict)
    hung_up: list[str] = field(default_factory=list)
    redirected: list[tuple[str, str]] = field(default_factory=list)
    cannot_be_asked: Exception | None = None

    def place(self, order: DialOrder, deadline: Deadline) -> str:
        error = self.fails.pop(0) if self.fails else None
        if error is not None and not self.accepts_first:
            raise error
        self.placed.append(order)
        self.deadlines.append(deadline)
        carrier_id = self.add(order.to_number, order.from_number)
        self.urls[carrier_id] = [order.answer_url]
        if error is not None:
            raise error
        return carrier_id

    def add(self, to_number: str, from_number: str, status: CarrierStatus = CarrierStatus.QUEUED, **more: Any) -> str:
        """Have a call, as if somebody had placed it."""
        carrier_id = f"CA{next(_ids):032x}"
        values: dict[str, Any] = {"created_at": datetime.now(UTC), "duration_s": None, "answered_by": None}
        self.calls[carrier_id] = CarrierCall(
            carrier_id, to_number, from_number, status, "outbound-api", **(values | more)
        )
        return carrier_id

    def fetch(self, carrier_id: str) -> CarrierCall:
        self._ask()
        if carrier_id not in self.calls:
            raise NotFound("call", carrier_id)
        return self.calls[carrier_id]

    def find(self, *, to_number: str, from_number: str, since: datetime) -> list[CarrierCall]:
        self._ask()
        return [call for call in self.calls.values() if (call.to_number, call.from_number) == (to_number, from_number)]

    def list_since(self, since: datetime) -> Iterator[CarrierCall]:
        self._ask()
        return iter(list(self.calls.values()))

    def asked_urls(self, carrier_id: str) -> list[str]:
        self._ask()
        return self.urls.get(carrier_id, [])

    def hang_up(self, carrier_id: str) -> None:
        self.hung_up.append(carrier_id)

    def redirect(self, carrier_id: str, url: str) -> bool:
        if self.fetch(carrier_id).status.over:
            return False
        self.redirected.append((carrier_id, url))
        return True

    def caller_ids(self) -> list[str]:
        return []

    def verify(self, url: str, params: Mapping[str, str] | str, headers: Mapping[str, str]) -> bool:
        return headers.get("x-twilio-signature") == "good"

    def _ask(self) -> None:
        if self.cannot_be_asked is not None:
            raise self.cannot_be_asked


@dataclass
class FakeMessages:
    """Wake-ups that stay where they are."""

    sent: list[tuple[str, ...]] = field(default_factory=list)
    queued: dict[str, int] = field(default_factory=dict)
    """By queue, what a worker has yet to take."""

    def send(self, task: str, *args: str) -> None:
        self.sent.append((task, *args))

    def send_all(self, task: str, ids: Iterable[str]) -> None:
        for one in ids:
            self.send(task, one)

    def waiting(self, queue: str) -> int:
        return self.queued.get(queue, 0)

    def ids(self, task: str) -> list[str]:
        """First arguments of the wake-ups of a task."""
        return [message[1] for message in self.sent if message[0] == task]


@dataclass
class FakeExtractor:
    """A reader that answers what it was given, or fails."""

    answer: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    name: str = "fake"
    transcripts: list[str] = field(default_factory=list)

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        self.transcripts.append(transcript)
        if self.error is not None:
            raise self.error
        return {"disposition": "interested", "summary": "They want to know more.", "fields": {}, **self.answer}
