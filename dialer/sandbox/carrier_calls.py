"""The calls of the account, and how Twilio's API shows them."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialer.sandbox.media_line import Line

OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(slots=True)
class Asked:
    """One request that the carrier made to a webhook of a call."""

    url: str
    parameters: Mapping[str, str]
    response_code: int | None
    response_body: str
    duration_ms: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call with this status."""

    status: str = "completed"
    by: str = "carrier"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Leave what is being played and do this instead."""

    url: str = ""
    twiml: str = ""


Command = HangUp | Redirect


@dataclass(slots=True, eq=False)
class Call:
    """One call at the carrier."""

    sid: str
    to: str
    from_: str
    direction: str
    form: Mapping[str, str] = field(default_factory=dict)
    """What POST /Calls was given."""
    status_events: tuple[str, ...] = ("completed",)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    """When it was dialed; None while it waits in the account's queue."""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    status: str = "queued"
    answered_by: str | None = None
    queue_ms: int = 0
    sip_code: int | None = None
    parent: str | None = None
    """The call on whose behalf a <Dial> made this one."""
    callbacks: int = 0
    """Next SequenceNumber."""
    asked: list[Asked] = field(default_factory=list)
    line: Line | None = None
    commands: asyncio.Queue[Command] = field(default_factory=asyncio.Queue)

    @property
    def over(self) -> bool:
        """Whether nothing can change any more."""
        return self.status in OVER

    @property
    def call_id(self) -> str | None:
        """The caller's own id of this call, from the path of its URLs."""
        for name in ("Url", "StatusCallback"):
            if found := _UUID.search(self.form.get(name, "").partition("?")[0]):
                return found.group(0).lower()
        return None

    @property
    def duration_s(self) -> int:
        """Whole seconds from answer to end."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds())

    def resource(self, account_sid: str) -> dict[str, Any]:
        """The call as Twilio's JSON."""
        base = f"/2010-04-01/Accounts/{account_sid}/Calls/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "parent_call_sid": self.parent,
            "phone_number_sid": None,
            "group_sid": None,
            "trunk_sid": None,
            "api_version": "2010-04-01",
            "to": self.to,
            "to_formatted": self.to,
            "from": self.from_,
            "from_formatted": self.from_,
            "direction": self.direction,
            "status": self.status,
            "answered_by": self.answered_by,
            "forwarded_from": None,
            "caller_name": None,
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.updated_at),
            "start_time": rfc2822(self.started_at),
            "end_time": rfc2822(self.ended_at),
            "duration": str(self.duration_s) if self.over else None,
            "queue_time": str(self.queue_ms),
            "price": None,
            "price_unit": "USD",
            "annotation": None,
            "uri": f"{base}.json",
            "subresource_uris": {
                name: f"{base}/{path}.json"
                for name, path in (("recordings", "Recordings"), ("events", "Events"), ("streams", "Streams"))
            },
        }


class Calls:
    """Every call of the account, newest last."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Call] = {}
        self._by_to: defaultdict[str, list[Call]] = defaultdict(list)

    def add(self, call: Call) -> None:
        """Remember a call."""
        self._by_sid[call.sid] = call
        self._by_to[call.to].append(call)

    def get(self, sid: str) -> Call | None:
        """The call with this id."""
        return self._by_sid.get(sid)

    def to(self, number: str) -> list[Call]:
        """The calls to a number, oldest first."""
        return self._by_to.get(number, [])

    def live(self) -> Iterator[Call]:
        """The calls that are not over."""
        return (call for call in self._by_sid.values() if not call.over)

    def find(
        self,
        *,
        to: str | None = None,
        from_: str | None = None,
        status: str | None = None,
        started: tuple[datetime | None, datetime | None] = (None, None),
    ) -> list[Call]:
        """List calls newest first. A queued call has no start time, so a bound on it leaves that call out."""
        after, before = started
        found: Iterable[Call] = self.to(to) if to is not None else self._by_sid.values()
        return [
            call
            for call in reversed(list(found))
            if (from_ is None or call.from_ == from_)
            and (status is None or call.status == status)
            and (after is None or (call.started_at is not None and call.started_at >= after))
            and (before is None or (call.started_at is not None and call.started_at <= before))
        ]


def new_sid(prefix: str) -> str:
    """An id of Twilio's form: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


def rfc2822(moment: datetime | None) -> str | None:
    """A date as Twilio writes it."""
    return None if moment is None else format_datetime(moment)
