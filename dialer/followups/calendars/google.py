"""Google Calendar, and what speaks its REST interface: version 3, as a service account.

Source: https://developers.google.com/workspace/calendar/api/v3/reference.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import httpx
import jwt

from dialer.crm.retry_after import wait_s
from dialer.egress import Answer, Egress
from dialer.errors import BadInput, VendorBusy, VendorRefused, VendorSilent
from dialer.followups.calendars.base import Booking, SlotTaken, Span

VENDOR: Final = "google calendar"
SCOPE: Final = "https://www.googleapis.com/auth/calendar"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TIMEOUT: Final = httpx.Timeout(4.0, connect=2.0)
MOST_BYTES: Final = 2_000_000
EARLY_S: Final = 60
"""A token is renewed so long before it runs out."""
SLOW_DOWN: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


class Google:
    """One calendar of Google's.

    Args:
        credentials: a service account's key file, as JSON: client_email, private_key, token_uri.
        calendar_id: whose calendar; the service account must be allowed to write there.
        base_url: of the API.
        allow_private: reach it at a private or loopback address, over plain HTTP.

    Raises:
        BadInput: the credentials or the URL cannot be used.
    """

    name = "google"

    def __init__(self, credentials: str, calendar_id: str, base_url: str, *, allow_private: bool = False) -> None:
        try:
            key = json.loads(credentials)
            self._email, self._key = str(key["client_email"]), str(key["private_key"])
            token_uri = str(key["token_uri"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput("The Google credentials are no service account's key in JSON.") from error
        self._egress = Egress(VENDOR, allow_private=allow_private, timeout=TIMEOUT, longest_s=8.0)
        self._token_url = self._egress.usable(token_uri)
        self._base = base_url.rstrip("/") + "/calendar/v3"
        self._egress.usable(self._base)
        self._calendar_id = calendar_id
        self._renewing = threading.Lock()
        self._token, self._token_until = "", 0.0

    def busy(self, within: Span) -> Sequence[Span]:
        """Ask freeBusy."""
        body = {
            "timeMin": within.starts_at.isoformat(),
            "timeMax": within.ends_at.isoformat(),
            "items": [{"id": self._calendar_id}],
        }
        found = self._ask("POST", "/freeBusy", body)["calendars"][self._calendar_id]
        if errors := found.get("errors"):
            raise VendorRefused(VENDOR, str(errors[0].get("reason")), "the calendar cannot be read")
        return [Span(_moment(span["start"]), _moment(span["end"])) for span in found.get("busy", ())]

    def book(self, booking: Booking) -> str:
        """Insert an event under our own id: a second one of that id is refused as a duplicate."""
        event = self._get(booking.key)
        if _takes_place(event):
            return booking.key
        if any(span.overlaps(booking.span) for span in self.busy(booking.span)):
            if _takes_place(self._get(booking.key)):  # an earlier request, whose answer was lost, was done only now
                return booking.key
            raise SlotTaken(VENDOR)
        body: dict[str, Any] = {
            "id": booking.key,
            "summary": booking.title,
            "description": booking.description,
            "start": {"dateTime": booking.span.starts_at.isoformat()},
            "end": {"dateTime": booking.span.ends_at.isoformat()},
            "status": "confirmed",
        }
        if booking.attendee_email:
            body["attendees"] = [{"email": booking.attendee_email, "displayName": booking.attendee_name}]
        if event is not None:
            self._ask("PUT", self._event(booking.key), body)
            return booking.key
        try:
            self._ask("POST", f"/calendars/{quote(self._calendar_id, safe='')}/events?sendUpdates=none", body)
        except VendorRefused as error:
            if error.code != "duplicate":
                raise
        return booking.key

    def cancel(self, key: str) -> None:
        """Delete the event; one that is gone answers 404 or 410."""
        try:
            self._ask("DELETE", self._event(key) + "?sendUpdates=none", None)
        except VendorRefused as error:
            if error.code not in ("notFound", "deleted"):
                raise

    def check(self) -> str:
        """Read the calendar's own description."""
        found = self._ask("GET", f"/calendars/{quote(self._calendar_id, safe='')}", None)
        return f"Google calendar {found.get('summary') or self._calendar_id}"

    def _get(self, key: str) -> Mapping[str, Any] | None:
        try:
            return self._ask("GET", self._event(key), None)
        except VendorRefused as error:
            if error.code in ("notFound", "deleted"):
                return None
            raise

    def _event(self, key: str) -> str:
        return f"/calendars/{quote(self._calendar_id, safe='')}/events/{key}"

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        token = self._bearer()
        answer = self._send(method, path, body, token)
        if answer.status == 401:  # a token may be revoked before it runs out, and that is no fault of the request
            answer = self._send(method, path, body, self._bearer(over=token))
        return _read(answer)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, token: str) -> Answer:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        content = json.dumps(body).encode() if body is not None else b""
        url = self._egress.usable(self._base + path)
        return self._egress.send(method, url, headers=headers, content=content, most_bytes=MOST_BYTES)

    def _bearer(self, *, over: str = "") -> str:
        """A token of the service account, renewed before it runs out, and at once if `over` is the present one."""
        with self._renewing:
            if time.monotonic() < self._token_until and self._token != over:
                return self._token
            now = int(time.time())
            claims = {"iss": self._email, "scope": SCOPE, "aud": str(self._token_url), "iat": now, "exp": now + 3600}
            try:
                assertion = jwt.encode(claims, self._key, algorithm="RS256")
            except (ValueError, TypeError, jwt.PyJWTError) as error:
                raise VendorRefused(VENDOR, "key", "the private key cannot be used") from error
            answer = self._egress.send(
                "POST",
                self._token_url,
                headers={"content-type": "application/x-www-form-urlencoded"},
                content=f"grant_type={quote(GRANT, safe='')}&assertion={assertion}".encode(),
                most_bytes=MOST_BYTES,
            )
            given = _read(answer)
            self._token = str(given["access_token"])
            self._token_until = time.monotonic() + float(given.get("expires_in", 3600)) - EARLY_S
            return self._token


def _takes_place(event: Mapping[str, Any] | None) -> bool:
    return event is not None and event.get("status") != "cancelled"


def _read(answer: Answer) -> dict[str, Any]:
    """The JSON of an answer, or what it means."""
    try:
        body = json.loads(answer.body) if answer.body else {}
    except ValueError:
        body = {}
    if 200 <= answer.status < 300:
        return body if isinstance(body, dict) else {}
    error = body.get("error") if isinstance(body, dict) else None
    detail = error if isinstance(error, dict) else {}
    reasons = [str(each.get("reason")) for each in detail.get("errors", ()) if isinstance(each, dict)]
    reason = reasons[0] if reasons else str(error or answer.status) if not detail else str(answer.status)
    if answer.status == 429 or reason in SLOW_DOWN:
        asked_s = wait_s(answer.headers.get("retry-after"), now=datetime.now(UTC))
        raise VendorBusy(VENDOR, f"answered {answer.status} {reason}", asked_s)
    if answer.status >= 500 or answer.status == 408:
        raise VendorSilent(VENDOR, f"answered {answer.status}")
    raise VendorRefused(VENDOR, reason, str(detail.get("message") or "the request is refused"))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
