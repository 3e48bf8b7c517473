"""Twilio, through its SDK.

The SDK has no timeouts, no deadline and no idea whether anything was sent, so it speaks through `_Http`: an httpx
client that never retries, and whose connections write nothing after a request's deadline (`sending`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from dialer.errors import CarrierBusy, CarrierRefused, CarrierSilent, DialerError, NotFound, Reach, VendorRefused
from dialer.telephony import sending
from dialer.telephony.base import CarrierCall, CarrierStatus, Deadline, DialOrder

TOTAL_S = 10.0
CONNECT_S = 2.0
STATUS_EVENTS = ["initiated", "ringing", "answered", "completed"]
LIST_LIMIT = 1000

# Codes that say something of the caller id or the account, not of the person called (VENDORS: 2.1).
CALLER_ID_CODES = frozenset({"21210", "21212", "13247"})
ACCOUNT_CODES = frozenset({"20003", "20005", "10001", "21219", "20404", "401", "403", "404"})
# Plain HTTP statuses stand where an answer has no code: a wrong account or key, never the person called.
OVER_ALREADY = "21220"


class _Http(HttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's transport."""

    def __init__(self, base_url: str, readable: Callable[[str], str]) -> None:
        self._readable = readable
        super().__init__(None, False, TOTAL_S)  # noqa: FBT003 - the SDK's own order
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(
            timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S), limits=httpx.Limits(max_connections=100)
        )

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the SDK's own signature
    ) -> Response:
        """Send one request. At most `TOTAL_S` seconds pass between two signs of life, and twice that in all."""
        request = self._client.build_request(
            method, self._target(uri), params=params, data=data, headers=headers, extensions={"trace": sending.trace}
        )
        give_up = time.monotonic() + TOTAL_S
        answer = self._client.send(request, auth=auth, follow_redirects=allow_redirects, stream=True)
        try:
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if time.monotonic() > give_up:
                    raise httpx.ReadTimeout("the answer takes too long", request=request)
        finally:
            answer.close()
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise _Status(answer.status_code, bytes(body).decode(errors="replace"), answer.headers)
        text = bytes(body).decode(errors="replace")
        return Response(answer.status_code, self._readable(text) if answer.is_error else text, answer.headers)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _target(self, uri: str) -> str:
        """Point the SDK's URL at the configured base, whose path may have a prefix (SignalWire: /api/laml)."""
        if not self._base_url:
            return uri
        parts = urlsplit(uri)
        prefix = urlsplit(self._base_url).path
        path = parts.path.removeprefix(prefix) if prefix and parts.path.startswith(prefix) else parts.path
        return self._base_url + path + (f"?{parts.query}" if parts.query else "")


class _Status(Exception):
    """An answer whose meaning the SDK would hide: 408, 429 and 5xx."""

    def __init__(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"HTTP {status}: {body[:200]}")
        self.status = status
        after = headers.get("retry-after", "")
        self.wait_s = float(after) if after.replace(".", "", 1).isdigit() else None


class Twilio:
    """The carrier, for one account."""

    def __init__(self, *, account_sid: str, auth_token: str, base_url: str = "") -> None:
        self._account_sid = account_sid
        self._client = Client(account_sid, auth_token, http_client=_Http(base_url, self._readable))
        self._client.calls  # noqa: B018 - the SDK imports its API on first use, which must not be a dial's 0.5 s
        self._validator = RequestValidator(auth_token)

    def close(self) -> None:
        """Close the connections to the carrier."""
        self._client.http_client.close()

    def place(self, order: DialOrder, deadline: Deadline) -> str:
        """Send one POST, and read its fate from the first byte and the answer."""
        request = sending.Sending(deadline)
        token = sending.current.set(request)
        try:
            call = self._client.calls.create(
                to=order.to_number,
                from_=order.from_number,
                url=order.answer_url,
                fallback_url=order.fallback_url,
                status_callback=order.status_url,
                status_callback_event=STATUS_EVENTS,
                timeout=order.ring_timeout_s,
                time_limit=order.max_duration_s,
                **self._machine_detection(order),
            )
        except sending.TooLateError as error:
            raise CarrierBusy("the deadline passed before the request was out: nothing was sent") from error
        except Exception as error:
            raise _fate(error, started=request.started) from error
        finally:
            sending.current.reset(token)
        if not call.sid:
            raise CarrierSilent("the carrier accepted, but gave no id")
        return str(call.sid)

    def _machine_detection(self, order: DialOrder) -> dict[str, Any]:
        if not order.detect_machine:
            return {}
        return {
            "machine_detection": "DetectMessageEnd",
            "async_amd": "true",
            "async_amd_status_callback": order.amd_url,
        }

    def fetch(self, carrier_id: str) -> CarrierCall:
        """Ask how a call stands."""
        with asking("call", carrier_id):
            return _read(self._client.calls(carrier_id).fetch())

    def find(self, *, to_number: str, from_number: str, since: datetime) -> list[CarrierCall]:
        """List by To and From. Queued calls have no start time, so they are asked for apart."""
        found: dict[str, CarrierCall] = {}
        with asking("calls", to_number):
            numbers = {"to": to_number, "from_": from_number, "limit": LIST_LIMIT}
            queued = self._client.calls.list(status="queued", **numbers)
            for call in [*queued, *self._client.calls.list(start_time_after=since, **numbers)]:
                found[call.sid or ""] = _read(call)
        return [call for call in found.values() if call.created_at is None or call.created_at >= since]

    def list_since(self, since: datetime) -> Iterator[CarrierCall]:
        """List everything of the account since a moment."""
        seen: set[str] = set()
        with asking("calls", since):
            for call in self._client.calls.list(status="queued", limit=LIST_LIMIT):
                seen.add(call.sid or "")
                yield _read(call)
            # The list goes by start time, to the day on some accounts; what is older is left out here.
            for call in self._client.calls.stream(start_time_after=since - timedelta(days=1)):
                read = _read(call)
                if read.carrier_id not in seen and (read.created_at is None or read.created_at >= since):
                    yield read

    def asked_urls(self, carrier_id: str) -> list[str]:
        """Read the call's Events: the requests that the carrier made to us."""
        with asking("call", carrier_id):
            events = self._client.calls(carrier_id).events.list(limit=100)
            return [str((event.request or {}).get("url", "")) for event in events]

    def hang_up(self, carrier_id: str) -> None:
        """Complete the call; the carrier cancels one that does not ring yet by the same word."""
        self._update(carrier_id, status="completed")

    def redirect(self, carrier_id: str, url: str) -> bool:
        """Make a live call ask `url` what to do next. Returns False if the call is over already."""
        return self._update(carrier_id, url=url, method="POST")

    def _update(self, carrier_id: str, **what: Any) -> bool:
        with asking("call", carrier_id):
            try:
                self._client.calls(carrier_id).update(**what)
            except TwilioRestException as error:
                if str(error.code) != OVER_ALREADY:
                    raise
                return False
        return True

    def caller_ids(self) -> list[str]:
        """Bought numbers and verified ones."""
        with asking("account", self._account_sid):
            bought = [number.phone_number for number in self._client.incoming_phone_numbers.list(limit=LIST_LIMIT)]
            verified = [number.phone_number for number in self._client.outgoing_caller_ids.list(limit=LIST_LIMIT)]
        return sorted({number for number in [*bought, *verified] if number})

    def verify(self, url: str, params: Mapping[str, str] | str, headers: Mapping[str, str]) -> bool:
        """Check X-Twilio-Signature over our public URL."""
        signature = headers.get("x-twilio-signature") or ""
        given = params if isinstance(params, str) else dict(params)
        return bool(signature) and bool(self._validator.validate(url, given, signature))

    @staticmethod
    def _readable(body: str) -> str:
        """Make an error's body one that the SDK reads, as Twilio's are."""
        return body


class asking:  # noqa: N801 - reads as the statement that it is: `with asking(...)`
    """Turn what the SDK and httpx raise into our errors. Asking is safe to repeat."""

    def __init__(self, what: str, key: object) -> None:
        self._what, self._key = what, key

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, DialerError) or not isinstance(error, Exception):
            return
        if isinstance(error, TwilioRestException) and error.status == 404:
            raise NotFound(self._what, self._key) from error
        if isinstance(error, TwilioRestException | TwilioServiceException):
            raise VendorRefused("carrier", _code(error), str(error)) from error
        if isinstance(error, _Status | httpx.HTTPError | TwilioException):
            raise CarrierBusy(f"could not be asked: {error}", getattr(error, "wait_s", None)) from error
        if isinstance(error, ValueError | LookupError | TypeError | AttributeError):
            raise CarrierBusy(f"an answer that cannot be read: {error!r}") from error


def _fate(error: Exception, *, started: bool) -> Exception:
    """What a failed POST means. Before the first byte nothing happened; after it only a clear no is a no."""
    if isinstance(error, TwilioRestException | TwilioServiceException):
        code = _code(error)
        reach = Reach.CALLER_ID if code in CALLER_ID_CODES else Reach.CAMPAIGN if code in ACCOUNT_CODES else Reach.LEAD
        return CarrierRefused(code, _message(error), reach)
    if isinstance(error, _Status) and error.status == 429:
        return CarrierBusy(str(error), error.wait_s)
    if started:
        return CarrierSilent(f"{type(error).__name__}: {error}")
    return CarrierBusy(f"nothing was sent: {type(error).__name__}: {error}")


def _code(error: TwilioRestException | TwilioServiceException) -> str:
    return str(getattr(error, "code", None) or getattr(error, "status", "") or "")


def _message(error: TwilioRestException | TwilioServiceException) -> str:
    return str(getattr(error, "msg", None) or getattr(error, "detail", None) or error)


def _read(call: Any) -> CarrierCall:
    duration = call.duration
    return CarrierCall(
        carrier_id=call.sid or "",
        to_number=call.to or "",
        from_number=call._from or "",
        status=CarrierStatus(str(call.status)),
        direction=str(call.direction or ""),
        created_at=call.date_created,
        duration_s=int(duration) if duration not in (None, "") else None,
        answered_by=call.answered_by,
    )
