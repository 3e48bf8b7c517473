"""What a phone carrier is to us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CarrierStatus(StrEnum):
    """A call as the carrier reports it, in the words that Twilio and SignalWire share."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether the call can still change."""
        return self in _OVER


_OVER = frozenset(
    {
        CarrierStatus.COMPLETED,
        CarrierStatus.BUSY,
        CarrierStatus.NO_ANSWER,
        CarrierStatus.CANCELED,
        CarrierStatus.FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class DialOrder:
    """One call to place. Every URL carries the call's id."""

    to_number: str
    from_number: str
    answer_url: str
    fallback_url: str
    status_url: str
    amd_url: str
    ring_timeout_s: int
    max_duration_s: int
    detect_machine: bool = True


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call as the carrier has it."""

    carrier_id: str
    to_number: str
    from_number: str
    status: CarrierStatus
    direction: str
    created_at: datetime | None
    duration_s: int | None
    answered_by: str | None
    sip_code: str | None = None

    @property
    def ordered(self) -> bool:
        """Whether it was placed by a request, as ours are: no inbound call, and no leg that a transfer has dialed."""
        return self.direction not in ("inbound", "outbound-dial") and not self.direction.startswith("trunking")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock after which not one byte may be sent."""

    monotonic_s: float


class Carrier(Protocol):
    """A phone carrier. Translates and nothing more; lets no vendor exception or type out, and never retries."""

    def place(self, order: DialOrder, deadline: Deadline) -> str:
        """Start ringing; return the carrier's id for the call.

        The deadline is checked on the connected socket, as the last act before the first byte, and with each write.

        Raises:
            CarrierRefused: it will not, and `reach` says who stops: the lead, the caller id or the campaign.
            CarrierBusy: it never processed the request (429, or nothing was sent); asking again is safe.
            CarrierSilent: nobody knows whether it rings (408, 5xx, any failure after the first byte). Never ask
                again: settle.
        """
        ...

    def fetch(self, carrier_id: str) -> CarrierCall:
        """Ask how a call stands.

        Raises:
            NotFound: the carrier has no such call.
            CarrierBusy, CarrierSilent: it could not be asked.
        """
        ...

    def find(self, *, to_number: str, from_number: str, since: datetime) -> list[CarrierCall]:
        """List calls by To and From created since a moment, queued ones (whose start time is empty) included."""
        ...

    def list_since(self, since: datetime) -> Iterator[CarrierCall]:
        """List all calls of the account created since a moment, queued ones included."""
        ...

    def asked_urls(self, carrier_id: str) -> list[str]:
        """The URLs that the carrier has asked for a call (its Events): which of our calls it is."""
        ...

    def hang_up(self, carrier_id: str) -> None:
        """End a call, or cancel it if it does not ring yet. A call that is over already is no error."""
        ...

    def redirect(self, carrier_id: str, url: str) -> bool:
        """Make a live call ask `url` what to do next. Returns False if the call is over already."""
        ...

    def caller_ids(self) -> list[str]:
        """Numbers that the account may show, E.164."""
        ...

    def verify(self, url: str, params: Mapping[str, str] | str, headers: Mapping[str, str]) -> bool:
        """Whether the carrier signed this request to `url` (our public URL, not what the Host header says)."""
        ...
