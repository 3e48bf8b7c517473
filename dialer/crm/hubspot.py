"""HubSpot, through hubspot-api-client.

Contacts, calls and tasks are upserted by properties of our own that are unique in the account, so that a repeated
write finds the first one's record. `prepare` makes those properties.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.crm.base import Activity, Contact, Task
from dialer.crm.retry_after import wait_s
from dialer.errors import DialerError, VendorBusy, VendorRefused, VendorSilent

VENDOR = "hubspot"
TIMEOUT_S = (3.0, 10.0)
"""To connect, and to answer. The SDK has no default."""

LEAD_ID, CALL_ID, TASK_ID = "dialer_lead_id", "dialer_call_id", "dialer_task_id"
KEYS = MappingProxyType({"contacts": LEAD_ID, "calls": CALL_ID, "tasks": TASK_ID})
CALL_TO_CONTACT, TASK_TO_CONTACT = 194, 204

STATUS = MappingProxyType(
    {"busy": "BUSY", "no_answer": "NO_ANSWER", "failed": "FAILED", "invalid_number": "FAILED", "abandoned": "CANCELED"}
)
"""hs_call_status by our disposition; every other call was COMPLETED."""

LABELS = MappingProxyType(
    {
        "interested": "connected",
        "not_interested": "connected",
        "callback": "connected",
        "do_not_call": "connected",
        "transferred": "connected",
        "hung_up": "connected",
        "silence": "connected",
        "abandoned": "connected",
        "screened": "left live message",
        "voicemail": "left voicemail",
        "wrong_number": "wrong number",
        "invalid_number": "wrong number",
        "no_answer": "no answer",
        "busy": "busy",
    }
)
"""The label of HubSpot's own dispositions that comes nearest to ours; an account's own label of our name wins."""

PRIORITY = MappingProxyType({"high": "HIGH", "normal": "MEDIUM", "low": "LOW"})
POLICY_WAIT_S = MappingProxyType({"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0})
LOCKED_WAIT_S = 2.0
_EXISTING_ID = re.compile(r"Existing ID: (\d+)")


@dataclass(frozen=True, slots=True)
class _Account:
    """What `prepare` learned about the account."""

    zone: ZoneInfo
    dispositions: Mapping[str, str]
    """GUID by label, lower case."""
    texts: frozenset[str]
    """The account's own contact properties that take any text."""


class HubSpot:
    """A HubSpot account.

    Args:
        access_token: of a private app or service key that may read and write contacts, calls, tasks and their schemas.
        base_url: the API's root, such as https://api.hubapi.com.
        owner_id: who gets a task that names no owner; empty: whoever owns the contact.
        timeout_s: seconds to connect, and to wait for an answer.
    """

    name = VENDOR

    def __init__(
        self, access_token: str, base_url: str, *, owner_id: str = "", timeout_s: tuple[float, float] = TIMEOUT_S
    ) -> None:
        self._owner_id = owner_id
        self._token, self._base_url, self._timeout_s = access_token, base_url.rstrip("/"), timeout_s
        self._lock = threading.Lock()
        self._sdk: SimpleNamespace | None = None
        self._account: _Account | None = None

    def prepare(self) -> None:
        """Make the properties that we need where they are missing. Costs nothing after the first success."""
        with self._lock:
            if self._account is None:
                self._account = self._survey()

    def check(self) -> str:
        """Return the account's id and whether its fields are ready."""
        details = self._get("/account-info/v3/details")
        self.prepare()
        return f"HubSpot account {details.get('portalId')}"

    def upsert_contact(self, contact: Contact) -> str:
        """Create or update the contact whose `dialer_lead_id` is the lead's key."""
        own = self._prepared().texts
        properties = {
            **{name: _text(value) for name, value in contact.fields.items() if name in own},
            "firstname": contact.first_name,
            "lastname": contact.last_name,
            "company": contact.company,
            "phone": contact.phone,
            "email": contact.email,
            "dialer_status": contact.status,
            "dialer_details": _lines(contact.fields),
        }
        try:
            return self._upsert("contacts", contact.key, properties)
        except VendorRefused as error:
            if (existing := _EXISTING_ID.search(str(error))) is None:
                raise
            return self._adopt(existing.group(1), contact.key, properties)

    def log_call(self, activity: Activity, contact_id: str) -> str:
        """Create or update the call whose `dialer_call_id` is the attempt's key, and tie it to the contact."""
        outgoing = activity.direction != "inbound"
        recording = activity.recording_url
        body = [activity.summary, _lines(activity.fields)]
        if not recording.startswith("https://"):
            body.append(recording and f"Recording: {recording}")
        properties = {
            "hs_timestamp": _iso(activity.at),
            "hs_call_title": f"Dialer: {activity.disposition.replace('_', ' ')}",
            "hs_call_body": "\n".join(part for part in body if part),
            "hs_call_duration": str(activity.duration_s * 1000),
            "hs_call_from_number": activity.from_number,
            "hs_call_to_number": activity.to_number,
            "hs_call_direction": "OUTBOUND" if outgoing else "INBOUND",
            "hs_call_status": STATUS.get(activity.disposition, "COMPLETED"),
            "hs_call_disposition": self._disposition(activity.disposition),
            "hs_call_recording_url": recording if recording.startswith("https://") else "",
            "hs_call_source": "INTEGRATIONS_PLATFORM",
            "dialer_disposition": activity.disposition,
            "dialer_carrier_id": activity.carrier_id,
        }
        call_id = self._upsert("calls", activity.key, properties)
        self._associate("calls", call_id, contact_id, CALL_TO_CONTACT)
        return call_id

    def add_task(self, task: Task, contact_id: str) -> str:
        """Create or update the task whose `dialer_task_id` is the follow-up's key, and tie it to the contact.

        The status is left out, so that repeating it never reopens what a person has completed.
        """
        properties = {
            "hs_timestamp": _iso(task.due_at),
            "hs_task_subject": task.subject,
            "hs_task_body": task.body,
            "hs_task_priority": PRIORITY.get(task.priority, "MEDIUM"),
            "hs_task_type": "CALL",
            "hubspot_owner_id": self._owner(task.owner) or self._owner_id or self._owner_of(contact_id),
        }
        task_id = self._upsert("tasks", task.key, properties)
        self._associate("tasks", task_id, contact_id, TASK_TO_CONTACT)
        return task_id

    def _disposition(self, disposition: str) -> str:
        guids = self._prepared().dispositions
        return guids.get(disposition.replace("_", " ")) or guids.get(LABELS.get(disposition, ""), "")

    def _prepared(self) -> _Account:
        self.prepare()
        assert self._account is not None
        return self._account

    def _upsert(self, object_type: str, key: str, properties: Mapping[str, str]) -> str:
        self.prepare()
        sdk = self._api()
        row = sdk.objects.SimplePublicObjectBatchInputUpsert(
            id=key, id_property=KEYS[object_type], properties=_filled(properties), object_write_trace_id=key
        )
        batch = sdk.objects.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[row])
        answer = self._ask(lambda: sdk.batch.upsert(object_type, batch, _request_timeout=self._timeout_s))
        for error in getattr(answer, "errors", None) or ():
            raise VendorRefused(VENDOR, str(error.category), str(error.message))
        if not answer.results:
            raise VendorSilent(VENDOR, "the upsert was answered without a result")
        return str(answer.results[0].id)

    def _adopt(self, contact_id: str, key: str, properties: Mapping[str, str]) -> str:
        """Update a contact that the account already had, found by its e-mail address.

        It gets our key, unless another lead with the same address gave it one before.
        """
        sdk = self._api()
        here = self._ask(
            lambda: sdk.basic.get_by_id("contacts", contact_id, properties=[LEAD_ID], _request_timeout=self._timeout_s)
        )
        ours = {} if here.properties.get(LEAD_ID) else {LEAD_ID: key}
        update = sdk.objects.SimplePublicObjectInput(properties=_filled({**properties, **ours}))
        self._ask(lambda: sdk.basic.update("contacts", contact_id, update, _request_timeout=self._timeout_s))
        return contact_id

    def _owner(self, owner: str) -> str:
        """The id of an owner who may be named by an e-mail address; "" if the account has none such."""
        if "@" not in owner:
            return owner
        found = self._get("/crm/v3/owners", email=owner)["results"]
        return str(found[0]["id"]) if found else ""

    def _owner_of(self, contact_id: str) -> str:
        sdk = self._api()
        contact = self._ask(
            lambda: sdk.basic.get_by_id(
                "contacts", contact_id, properties=["hubspot_owner_id"], _request_timeout=self._timeout_s
            )
        )
        return contact.properties.get("hubspot_owner_id") or ""

    def _associate(self, object_type: str, object_id: str, contact_id: str, type_id: int) -> None:
        sdk = self._api()
        spec = sdk.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=type_id)
        self._ask(
            lambda: sdk.associations.create(
                object_type, object_id, "contacts", contact_id, [spec], _request_timeout=self._timeout_s
            )
        )

    def _survey(self) -> _Account:
        """Read what the account has and add what we need."""
        details = self._get("/account-info/v3/details")
        labels = self._get("/calling/v1/dispositions")
        contacts, *_ = (self._ensure(object_type) for object_type in KEYS)
        return _Account(
            zone=_zone(str(details.get("timeZone", "UTC"))),
            dispositions={str(row["label"]).lower(): str(row["id"]) for row in labels if not row.get("deleted")},
            texts=contacts,
        )

    def _ensure(self, object_type: str) -> frozenset[str]:
        """Create our missing properties of one object type; return the account's own that take any text."""
        sdk = self._api()
        have = self._ask(lambda: sdk.properties.get_all(object_type, _request_timeout=self._timeout_s)).results
        by_name = {row.name: row for row in have}
        key = KEYS[object_type]
        if key in by_name and not by_name[key].has_unique_value:
            raise VendorRefused(
                VENDOR, "NOT_UNIQUE", f"the {object_type} property {key} exists but is not unique: delete or rename it"
            )
        group = by_name["email" if object_type == "contacts" else "hs_timestamp"].group_name
        wanted = {key: "text"} | {
            "contacts": {"dialer_status": "text", "dialer_details": "textarea"},
            "calls": {"dialer_disposition": "text", "dialer_carrier_id": "text"},
        }.get(object_type, {})
        for name, field_type in wanted.items():
            if name not in by_name:
                self._create_property(object_type, name, field_type, group, unique=name == key)
        own = {row.name for row in have if row.type == "string" and not row.hubspot_defined and not _read_only(row)}
        return frozenset(own - wanted.keys())

    def _create_property(self, object_type: str, name: str, field_type: str, group: str, *, unique: bool) -> None:
        sdk = self._api()
        wish = sdk.PropertyCreate(
            name=name,
            label=name.replace("_", " ").capitalize(),
            type="string",
            field_type=field_type,
            group_name=group,
            has_unique_value=unique,
        )
        try:
            self._ask(lambda: sdk.properties.create(object_type, wish, _request_timeout=self._timeout_s))
        except VendorRefused as error:
            if error.code != "409":  # another process was faster
                raise

    def _get(self, path: str, **query: str) -> Any:
        """Read a path that the SDK has no method for, with its connection pool, credentials and our timeout."""
        client = self._api().batch.api_client
        answer = self._ask(
            lambda: client.call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": "application/json"},
                auth_settings=["oauth2"],
                response_types_map={200: "object"},
                _return_http_data_only=True,
                _request_timeout=self._timeout_s,
            )
        )
        if not isinstance(answer, dict | list):
            raise VendorSilent(VENDOR, f"{path} was answered with no JSON")
        return answer

    def _api(self) -> SimpleNamespace:
        """Import and build the SDK's parts once: it builds a new connection pool on each attribute access."""
        if self._sdk is None:
            import hubspot
            import hubspot.crm.associations.v4 as associations
            import hubspot.crm.objects as objects
            import hubspot.crm.properties as properties

            client = hubspot.Client.create(
                access_token=self._token, host=self._base_url, base_url=self._base_url, retry=False
            )
            self._sdk = SimpleNamespace(
                objects=objects,
                batch=client.crm.objects.batch_api,
                basic=client.crm.objects.basic_api,
                properties=client.crm.properties.core_api,
                PropertyCreate=properties.PropertyCreate,
                associations=client.crm.associations.v4.basic_api,
                AssociationSpec=associations.AssociationSpec,
                errors=(objects.ApiException, properties.ApiException, associations.ApiException),
            )
        return self._sdk

    def _ask(self, request: Callable[[], Any]) -> Any:
        """Run one request and let nothing but our own errors out."""
        import urllib3.exceptions as http

        try:
            return request()
        except self._api().errors as error:
            raise self._judge(error.status, error.headers or {}, error.body or "") from error
        except (http.NewConnectionError, http.ConnectTimeoutError) as error:
            raise VendorBusy(VENDOR, f"cannot connect: {error}") from error
        except http.HTTPError as error:
            raise VendorSilent(VENDOR, f"no answer: {error}") from error
        except (ValueError, AttributeError, TypeError, LookupError) as error:
            raise VendorSilent(VENDOR, f"an answer that the SDK cannot read: {error!r}") from error

    def _judge(self, status: int, headers: Mapping[str, str], body: str) -> DialerError:
        """Translate an error answer.

        Source: HubSpot, "Error handling" and "API usage guidelines".
        """
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        message = str(answer.get("message") or body[:200] or "no reason given")
        asked = wait_s(headers.get("Retry-After"), now=datetime.now(UTC))
        if status == 429:
            return VendorBusy(VENDOR, message, asked if asked is not None else self._policy_wait_s(answer))
        if status in (423, 477):
            return VendorBusy(VENDOR, message, asked if asked is not None else LOCKED_WAIT_S)
        if status >= 500:
            return VendorBusy(VENDOR, f"{status}: {message}", asked)
        category = str(answer.get("category") or status)
        return VendorRefused(VENDOR, "409" if status == 409 else category, message)

    def _policy_wait_s(self, answer: Mapping[str, Any]) -> float:
        """Wait as the limit that was hit asks for; the daily one ends at midnight in the account's time zone."""
        policy = str(answer.get("policyName", ""))
        if policy != "DAILY":
            return POLICY_WAIT_S.get(policy, 10.0)
        now = datetime.now(self._account.zone if self._account else UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()


def _filled(properties: Mapping[str, str]) -> dict[str, str]:
    """Leave out what we do not know: an empty value would erase the sales team's own."""
    return {name: value for name, value in properties.items() if value}


def _read_only(row: Any) -> bool:
    return bool(row.modification_metadata and row.modification_metadata.read_only_value)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _lines(fields: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {_text(value)}" for name, value in fields.items() if value not in (None, ""))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
