"""A CalDAV collection: Nextcloud, Fastmail, iCloud, Radicale and others.

Source: RFC 4791 (CalDAV), RFC 4918 (WebDAV), RFC 5545 (iCalendar).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import httpx

from dialer.crm.retry_after import wait_s
from dialer.egress import Answer, Egress
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.followups import invitation
from dialer.followups.calendars.base import Booking, SlotTaken, Span

VENDOR: Final = "caldav"
TIMEOUT: Final = httpx.Timeout(4.0, connect=2.0)
MOST_BYTES: Final = 4_000_000
_DAV, _CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_QUERY: Final = """\
<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><C:calendar-data><C:expand start="{since}" end="{until}"/></C:calendar-data></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{since}" end="{until}"/></C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>
"""
_NAME: Final = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:displayname/></D:prop></D:propfind>'


class CalDav:
    """One collection of a CalDAV server.

    Args:
        url: of the collection.
        username: for basic authentication.
        password: an app password, where the server has them.
        zone: where all-day events and floating times are meant.
        allow_private: reach it at a private or loopback address, over plain HTTP.

    Raises:
        BadInput: the URL cannot be used.
    """

    name = "caldav"

    def __init__(
        self, url: str, username: str, password: str, *, zone: str = "UTC", allow_private: bool = False
    ) -> None:
        self._egress = Egress(VENDOR, allow_private=allow_private, timeout=TIMEOUT, longest_s=8.0)
        self._url = url.rstrip("/") + "/"
        self._egress.usable(self._url)
        self._zone = ZoneInfo(zone)
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"authorization": f"Basic {token}", "user-agent": "Dialer"}

    def busy(self, within: Span) -> Sequence[Span]:
        """Ask for the events of a time, recurring ones as what they come to."""
        query = _QUERY.format(since=_stamp(within.starts_at), until=_stamp(within.ends_at))
        answer = self._ask("REPORT", self._url, query.encode(), {"content-type": "application/xml", "depth": "1"})
        if answer.status != 207:
            raise _refused(answer)
        return [span for span in self._spans(answer.body) if span.overlaps(within)]

    def book(self, booking: Booking) -> str:
        """Put an event under our own name, if there is none of it yet."""
        url = self._event(booking.key)
        if self._ask("GET", url).status == 200:
            return booking.key
        if any(span.overlaps(booking.span) for span in self.busy(booking.span)):
            if self._ask("GET", url).status == 200:  # an earlier request, whose answer was lost, was done only now
                return booking.key
            raise SlotTaken(VENDOR)
        content = invitation.event(booking, stamp=datetime.now(UTC))
        headers = {"content-type": "text/calendar; charset=utf-8", "if-none-match": "*"}
        answer = self._ask("PUT", url, content, headers)
        if answer.status not in (200, 201, 204, 412):  # 412: it is there, from a time when the answer was lost
            raise _refused(answer)
        return booking.key

    def cancel(self, key: str) -> None:
        """Delete the event."""
        answer = self._ask("DELETE", self._event(key))
        if not 200 <= answer.status < 300 and answer.status not in (404, 410):
            raise _refused(answer)

    def check(self) -> str:
        """Read the collection's name."""
        answer = self._ask("PROPFIND", self._url, _NAME.encode(), {"content-type": "application/xml", "depth": "0"})
        if answer.status != 207:
            raise _refused(answer)
        named = _xml(answer.body).find(f".//{_DAV}displayname")
        return f"CalDAV calendar {(named.text or '') if named is not None else ''}".strip()

    def _event(self, key: str) -> str:
        return f"{self._url}{key}.ics"

    def _ask(self, method: str, url: str, content: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send one request.

        Raises:
            VendorBusy, VendorSilent: as the answer means it; a clear no comes back.
        """
        answer = self._egress.send(
            method,
            self._egress.usable(url),
            headers={**self._headers, **(headers or {})},
            content=content,
            most_bytes=MOST_BYTES,
        )
        if answer.status in (423, 429, 507):
            asked_s = wait_s(answer.headers.get("retry-after"), now=datetime.now(UTC))
            raise VendorBusy(VENDOR, f"answered {answer.status}", asked_s)
        if answer.status >= 500 or answer.status == 408:
            raise VendorSilent(VENDOR, f"answered {answer.status}")
        return answer

    def _spans(self, body: bytes) -> Iterator[Span]:
        from icalendar import Calendar

        for data in _xml(body).iter(f"{_CAL}calendar-data"):
            try:
                events = Calendar.from_ical(data.text or "").walk("VEVENT")
            except ValueError as error:
                raise VendorRefused(VENDOR, "data", f"an event cannot be read: {error}") from error
            for event in events:
                if str(event.get("STATUS", "")) == "CANCELLED" or str(event.get("TRANSP", "")) == "TRANSPARENT":
                    continue
                yield self._span(event)

    def _span(self, event: Any) -> Span:
        starts = event.decoded("DTSTART")
        whole_day = isinstance(starts, date) and not isinstance(starts, datetime)
        if "DTEND" in event:
            ends = event.decoded("DTEND")
        else:
            ends = starts + (event.decoded("DURATION") if "DURATION" in event else timedelta(days=whole_day))
        return Span(self._moment(starts), self._moment(ends))

    def _moment(self, at: date | datetime) -> datetime:
        if not isinstance(at, datetime):
            at = datetime.combine(at, time(), self._zone)
        return (at if at.tzinfo else at.replace(tzinfo=self._zone)).astimezone(UTC)


def _xml(body: bytes) -> ElementTree.Element:
    """Read an answer of WebDAV; entities, with which a few bytes become many, are refused."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise VendorRefused(VENDOR, "xml", "a document type is not allowed")
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise VendorRefused(VENDOR, "xml", f"the answer cannot be read: {error}") from error


def _refused(answer: Answer) -> VendorRefused:
    hint = {401: "wrong user or password", 403: "not allowed", 404: "there is no such calendar"}
    return VendorRefused(VENDOR, str(answer.status), hint.get(answer.status, "the request is refused"))


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
