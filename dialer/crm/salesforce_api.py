"""The edge to Salesforce: simple-salesforce with timeouts, one new log-in at most, and errors of our own.

The SDK forces https, has no timeouts, hides an error's headers, and repeats a request whose session is over until the
stack ends. So every request goes through `_Edge`, every answer through `_judge`, and the SDK gets a finished session.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dialer.crm.retry_after import wait_s
from dialer.errors import DialerError, VendorBusy, VendorRefused, VendorSilent

if TYPE_CHECKING:
    import requests
    from requests import PreparedRequest, Response

VENDOR = "salesforce"
QUOTA_WAIT_S = 60.0
"""A used-up quota comes back over hours as old requests leave its window; one request a minute asks whether it has."""
BUSY_CODES = frozenset({"SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT"})
BUSY_LOGINS = frozenset({"server_error", "temporarily_unavailable", "rate_limit_exceeded"})


class _SessionOver(Exception):
    """The access token is no longer valid."""


class SalesforceApi:
    """The requests that the adapter makes; each raises `VendorRefused`, `VendorBusy` or `VendorSilent`.

    Args:
        consumer_key: of the connected app.
        consumer_secret: of the connected app.
        domain: the org's My Domain.
        base_url: where every https request goes instead; empty for Salesforce itself.
        version: of the API.
        timeout_s: seconds to connect, and to wait for an answer.
    """

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        domain: str,
        *,
        base_url: str,
        version: str,
        timeout_s: tuple[float, float],
    ) -> None:
        self._consumer_key, self._consumer_secret, self._domain = consumer_key, consumer_secret, domain
        self._base_url, self._version, self._timeout_s = base_url.rstrip("/"), version, timeout_s
        self._lock = threading.Lock()
        self._http: requests.Session | None = None
        self._sdk: Any = None

    def instance(self) -> str:
        """The host that holds the org."""
        return str(self._ask(lambda sf: sf.sf_instance))

    def upsert(self, name: str, key_field: str, key: str, body: Mapping[str, Any]) -> str | None:
        """Create or update the record whose external id is `key`; return its id, None if the answer does not say it."""

        def send(sf: Any) -> str | None:
            answer = getattr(sf, name).upsert(f"{key_field}/{quote(key, safe='')}", dict(body), raw_response=True)
            return None if answer.status_code == 204 else str(answer.json()["id"])

        record_id: str | None = self._ask(send)
        return record_id

    def find(self, name: str, field: str, value: str) -> str | None:
        """The id of a record with this value of a field; None if there is none."""
        literal = value.replace("\\", "\\\\").replace("'", "\\'")

        def ask(sf: Any) -> str | None:
            records = sf.query(f"SELECT Id FROM {name} WHERE {field} = '{literal}' LIMIT 1")["records"]
            return str(records[0]["Id"]) if records else None

        found: str | None = self._ask(ask)
        return found

    def read(self, name: str, record_id: str, field: str) -> str:
        """One field of a record; "" if it has no value."""
        return str(self._ask(lambda sf: getattr(sf, name).get(record_id)[field]) or "")

    def fields(self, name: str) -> list[Mapping[str, Any]]:
        """The fields of an object, as its describe has them."""
        described: list[Mapping[str, Any]] = self._ask(lambda sf: getattr(sf, name).describe()["fields"])
        return described

    def _ask(self, request: Callable[[Any], Any]) -> Any:
        """Run one request, after one new log-in if the session is over; let only our own errors out."""
        import requests

        try:
            sdk = self._session(over=None)
            try:
                return request(sdk)
            except _SessionOver:
                return request(self._session(over=sdk))
        except _SessionOver as error:
            # A session may end a second time by chance: that is no fault of the row.
            raise VendorBusy(VENDOR, "INVALID_SESSION_ID: a new session was refused at once") from error
        except requests.ConnectTimeout as error:
            raise VendorBusy(VENDOR, f"cannot connect: {error}") from error
        except requests.ConnectionError as error:
            raise _disconnected(error) from error
        except requests.RequestException as error:
            raise VendorSilent(VENDOR, f"no answer: {error}") from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise VendorSilent(VENDOR, f"an answer that the SDK cannot read: {error!r}") from error

    def _session(self, over: Any) -> Any:
        """The SDK's client; a new one if `over` is the present one. Of threads racing, one logs in."""
        with self._lock:
            if self._sdk is None or self._sdk is over:
                self._sdk = self._log_in()
            return self._sdk

    def _log_in(self) -> Any:
        from simple_salesforce.api import Salesforce as Sdk
        from simple_salesforce.exceptions import SalesforceAuthenticationFailed
        from simple_salesforce.login import SalesforceLogin

        if self._http is None:
            self._http = _http(self._base_url, self._timeout_s)
        try:
            token, instance = SalesforceLogin(
                session=self._http,
                sf_version=self._version,
                domain=self._domain,
                consumer_key=self._consumer_key,
                consumer_secret=self._consumer_secret,
            )
        except SalesforceAuthenticationFailed as error:
            code = str(error.code or error.status)
            if code in BUSY_LOGINS:
                raise VendorBusy(VENDOR, f"cannot log in: {error}") from error
            raise VendorRefused(VENDOR, code, f"cannot log in: {error}") from error
        # With a session of its own the SDK never tries to log in by itself.
        return Sdk(session_id=token, instance=instance, session=self._http, version=self._version)


def _http(base_url: str, timeout_s: tuple[float, float]) -> requests.Session:
    """A session with a default timeout, no retries, our own reading of errors, and `base_url` for every address."""
    import requests
    from requests.adapters import HTTPAdapter

    class _Edge(HTTPAdapter):
        def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
            if base_url:
                there = urlsplit(request.url or "")
                request.headers["X-Original-Host"] = str(there.netloc)
                request.url = f"{base_url}{there.path}" + (f"?{there.query}" if there.query else "")
            kwargs["timeout"] = kwargs.get("timeout") or timeout_s
            return super().send(request, *args, **kwargs)

    def judge(response: Response, *_args: Any, **_kwargs: Any) -> None:
        if response.status_code >= 300 and (error := _judge(response)) is not None:
            raise error

    session = requests.Session()
    session.trust_env = not base_url
    session.mount("https://", _Edge(max_retries=0))
    session.hooks["response"].append(judge)
    return session


def _judge(response: Response) -> DialerError | _SessionOver | None:
    """Translate an error answer; None for a refused log-in, which has a form of its own.

    Source: Salesforce, REST API Developer Guide, "Status Codes and Error Responses".
    """
    status = response.status_code
    asked = wait_s(response.headers.get("Retry-After"), now=datetime.now(UTC))
    code, message = _reason(response)
    if code == "INVALID_SESSION_ID":
        return _SessionOver(message)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return VendorBusy(VENDOR, message, asked if asked is not None else QUOTA_WAIT_S)
    if code in BUSY_CODES or status >= 500 or status == 429:
        return VendorBusy(VENDOR, f"{code}: {message}", asked)
    if urlsplit(response.url).path.endswith("/oauth2/token"):
        return None
    if status == 300:
        return VendorRefused(VENDOR, "MULTIPLE_MATCHES", "more than one record has this key")
    return VendorRefused(VENDOR, code, message)


def _reason(response: Response) -> tuple[str, str]:
    """The error's code and message. The body is a list of {message, errorCode, fields}."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, list) and body and isinstance(body[0], dict):
        fields = ", ".join(body[0].get("fields") or ())
        message = str(body[0].get("message", ""))
        return str(body[0].get("errorCode", response.status_code)), f"{message} ({fields})" if fields else message
    return str(response.status_code), response.text[:200]


def _disconnected(error: requests.ConnectionError) -> DialerError:
    """Whether anything was sent before the connection failed: only urllib3's own error below tells."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError):
        return VendorBusy(VENDOR, f"cannot connect: {error}")
    return VendorSilent(VENDOR, f"no answer: {error}")
