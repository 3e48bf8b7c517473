"""Salesforce, through simple-salesforce.

Leads and tasks are upserted by external id fields of our own (`Dialer_Id__c` on Lead, `Dialer_Key__c` on Task), which
an administrator adds once; `prepare` says which are missing. The SDK forces https, has no timeouts, hides an error's
headers and repeats a request whose session is over until the stack ends: `_Edge` and `_judge` stand in between.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dialer.crm.base import Activity, Contact, Task
from dialer.crm.retry_after import wait_s
from dialer.errors import DialerError, VendorBusy, VendorRefused, VendorSilent

if TYPE_CHECKING:
    import requests
    from requests import PreparedRequest, Response

VENDOR = "salesforce"
TIMEOUT_S = (3.0, 10.0)
"""To connect, and to answer."""

LEAD_ID, TASK_KEY = "Dialer_Id__c", "Dialer_Key__c"
KEYS = MappingProxyType({"Lead": LEAD_ID, "Task": TASK_KEY})
STATUS, DETAILS = "Dialer_Status__c", "Dialer_Details__c"
"""Optional fields of Lead: the last disposition, and what was found out."""

QUOTA_WAIT_S = 900.0
"""A used-up quota comes back over hours, not seconds."""
BUSY_CODES = frozenset({"SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT"})
BUSY_LOGINS = frozenset({"server_error", "temporarily_unavailable", "rate_limit_exceeded"})
NO_COMPANY = "[not provided]"
"""What Salesforce itself writes into a lead without a company."""
PRIORITY = MappingProxyType({"high": "High", "normal": "Normal", "low": "Low"})


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one object that we may write."""

    lengths: Mapping[str, int]
    """How long a text each takes, by name; 0: it is no text."""
    texts: frozenset[str]
    """The org's own fields that take any text."""


class _SessionOver(Exception):
    """The access token is no longer valid."""


class Salesforce:
    """A Salesforce org, by the client credentials of a connected app.

    Args:
        consumer_key: of the connected app.
        consumer_secret: of the connected app.
        domain: the org's My Domain, as in "acme.my".
        base_url: where every https://*.salesforce.com request goes instead; empty for Salesforce itself.
        api_version: such as "66.0".
        owner_id: who gets a task that names no owner; empty: whoever owns the lead.
        timeout_s: seconds to connect, and to wait for an answer.
    """

    name = VENDOR

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        domain: str,
        *,
        base_url: str = "",
        api_version: str = "66.0",
        owner_id: str = "",
        timeout_s: tuple[float, float] = TIMEOUT_S,
    ) -> None:
        self._consumer_key, self._consumer_secret, self._domain = consumer_key, consumer_secret, domain
        self._base_url, self._version, self._owner_id = base_url.rstrip("/"), api_version, owner_id
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._http: requests.Session | None = None
        self._sdk: Any = None
        self._fields: Mapping[str, _Fields] = {}

    def prepare(self) -> None:
        """See that the org has our external id fields. Costs nothing after the first success.

        Raises:
            VendorRefused: a field is missing or is no external id; the message says which.
        """
        with self._lock:
            if not self._fields:
                self._fields = {name: self._survey(name) for name in KEYS}

    def check(self) -> str:
        """Return the org's instance, after having looked for our fields."""
        self.prepare()
        return f"Salesforce {self._ask(lambda sf: sf.sf_instance)}"

    def upsert_contact(self, contact: Contact) -> str:
        """Create or update the lead whose `Dialer_Id__c` is our key.

        A missing last name or company is made up only where the org asks for it, which is when the lead is new: what
        the sales team has filled in since is never overwritten.
        """
        fields = {
            "FirstName": contact.first_name,
            "LastName": contact.last_name,
            "Company": contact.company,
            "Phone": contact.phone,
            "Email": contact.email,
            STATUS: contact.status,
            DETAILS: _lines(contact.fields),
        }
        self.prepare()
        here = self._fields["Lead"]
        own = {name: value for name, value in contact.fields.items() if name in here.texts}
        wanted = {**own, **fields}
        body = {name: value for name, value in wanted.items() if name in here.lengths and value not in (None, "")}
        try:
            return self._upsert("Lead", contact.key, body)
        except VendorRefused as error:
            if error.code != "REQUIRED_FIELD_MISSING":
                raise
        made_up = {"LastName": contact.first_name or contact.phone, "Company": NO_COMPANY, "LeadSource": "Dialer"}
        return self._upsert("Lead", contact.key, made_up | body)

    def log_call(self, activity: Activity, contact_id: str) -> str:
        """Create or update the completed task whose `Dialer_Key__c` is the attempt's key."""
        inbound = activity.direction == "inbound"
        recording = activity.recording_url and f"Recording: {activity.recording_url}"
        parts = (activity.summary, _lines(activity.fields), recording)
        body = {
            "WhoId": contact_id,
            "Subject": f"Call: {activity.disposition.replace('_', ' ')}",
            "Status": "Completed",
            "TaskSubtype": "Call",
            "CallType": "Inbound" if inbound else "Outbound",
            "CallDurationInSeconds": activity.duration_s,
            "CallDisposition": activity.disposition,
            "CallObject": activity.carrier_id,
            "ActivityDate": activity.at.astimezone(UTC).date().isoformat(),
            "Description": "\n".join(part for part in parts if part),
        }
        return self._upsert_task(activity.key, body)

    def add_task(self, task: Task, contact_id: str) -> str:
        """Create the open task whose `Dialer_Key__c` is the follow-up's key, with a reminder at its due time.

        Found already, it is left as it is: a person may have moved or completed it.
        """
        self.prepare()
        if (existing := self._find("Task", task.key)) is not None:
            return existing
        due_at = task.due_at.astimezone(UTC)
        body = {
            "WhoId": contact_id,
            "Subject": task.subject,
            "Description": task.body,
            "Status": "Not Started",
            "Priority": PRIORITY.get(task.priority, "Normal"),
            "ActivityDate": due_at.date().isoformat(),
            "IsReminderSet": True,
            "ReminderDateTime": due_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "OwnerId": self._owner(task.owner) or self._owner_id or self._owner_of(contact_id),
        }
        return self._upsert_task(task.key, body)

    def _upsert_task(self, key: str, body: Mapping[str, Any]) -> str:
        try:
            return self._upsert("Task", key, body)
        except VendorRefused as error:
            # A task's subtype may be set only when it is made: so this one is there already.
            if error.code != "INVALID_FIELD_FOR_INSERT_UPDATE":
                raise
        return self._upsert("Task", key, {name: value for name, value in body.items() if name != "TaskSubtype"})

    def _upsert(self, name: str, key: str, body: Mapping[str, Any]) -> str:
        self.prepare()
        # What we do not know is left out: an empty value would erase the sales team's own.
        filled = {field: self._cut(name, field, value) for field, value in body.items() if value not in (None, "")}
        address = f"{KEYS[name]}/{quote(key, safe='')}"

        def send(sf: Any) -> str | None:
            answer = getattr(sf, name).upsert(address, filled, raw_response=True)
            return None if answer.status_code == 204 else str(answer.json()["id"])

        record_id: str | None = self._ask(send) or self._find(name, key)
        if record_id is None:
            raise VendorSilent(VENDOR, f"{name} {key} was written and is not there")
        return record_id

    def _cut(self, name: str, field: str, value: Any) -> Any:
        """Shorten a text to what the field takes: a longer one would cost the whole record."""
        length = self._fields[name].lengths.get(field, 0)
        return value[:length] if isinstance(value, str) and length else value

    def _find(self, name: str, key: str) -> str | None:
        """The id of the record with our key; None if there is none."""
        return self._query(f"SELECT Id FROM {name} WHERE {KEYS[name]} = '{_quoted(key)}' LIMIT 1")

    def _owner(self, owner: str) -> str:
        """The id of a user who may be named by an e-mail address; "" if the org has none such."""
        if "@" not in owner:
            return owner
        return self._query(f"SELECT Id FROM User WHERE Email = '{_quoted(owner)}' LIMIT 1") or ""

    def _query(self, soql: str) -> str | None:
        """The first record's id."""

        def ask(sf: Any) -> str | None:
            records = sf.query(soql)["records"]
            return str(records[0]["Id"]) if records else None

        found: str | None = self._ask(ask)
        return found

    def _owner_of(self, lead_id: str) -> str:
        return str(self._ask(lambda sf: sf.Lead.get(lead_id)["OwnerId"]))

    def _survey(self, name: str) -> _Fields:
        """Look at the fields of one object."""
        fields = self._ask(lambda sf: getattr(sf, name).describe()["fields"])
        key = KEYS[name]
        if not any(field["name"] == key and field["externalId"] for field in fields):
            raise VendorRefused(
                VENDOR,
                "INVALID_FIELD",
                f"{name} has no external id field {key}: add it in Setup as a unique, case-sensitive text of 64",
            )
        writable = [field for field in fields if field["createable"]]
        own = {field["name"] for field in writable if field["custom"] and field["type"] in ("string", "textarea")}
        return _Fields({field["name"]: field["length"] for field in writable}, frozenset(own - {key, STATUS, DETAILS}))

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
            raise VendorRefused(VENDOR, "INVALID_SESSION_ID", "a new session was refused at once") from error
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
        fields = _words(body[0].get("fields"))
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


def _quoted(text: str) -> str:
    """Text within a SOQL literal."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _words(values: Iterable[str] | None) -> str:
    return ", ".join(values or ())


def _lines(fields: Mapping[str, Any]) -> str:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, default=str) for name, value in fields.items()
    }
    return "\n".join(f"{name}: {text}" for name, text in texts.items() if text not in ("", "null"))
