"""HubSpot, through hubspot-api-client.

Contacts, calls and tasks are upserted by properties of our own that are unique in the account, so that a repeated
write finds the first one's record. `prepare` makes those properties.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.crm.base import Activity, Contact, Task
from dialer.crm.hubspot_api import VENDOR, HubSpotApi
from dialer.crm.wording import lines, text
from dialer.errors import VendorRefused

TIMEOUT_S = (3.0, 10.0)
"""To connect, and to answer."""

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
OWN_PROPERTIES = MappingProxyType(
    {
        "contacts": {LEAD_ID: "text", "dialer_status": "text", "dialer_details": "textarea"},
        "calls": {CALL_ID: "text", "dialer_disposition": "text", "dialer_carrier_id": "text"},
        "tasks": {TASK_ID: "text"},
    }
)
"""What `prepare` makes: name → field type."""
GROUP_OF = MappingProxyType({"contacts": "email", "calls": "hs_timestamp", "tasks": "hs_timestamp"})
"""A property whose group ours join."""
_EXISTING_ID = re.compile(r"Existing ID: (\d+)")


@dataclass(frozen=True, slots=True)
class _Account:
    """What `prepare` learned about the account."""

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
        self._api = HubSpotApi(access_token, base_url, timeout_s=timeout_s)
        self._owner_id = owner_id
        self._lock = threading.Lock()
        self._account: _Account | None = None

    def prepare(self) -> None:
        """Make the properties that we need where they are missing. Costs nothing after the first success."""
        with self._lock:
            if self._account is None:
                self._account = self._survey()

    def check(self) -> str:
        """Return the account's id and whether its fields are ready."""
        details = self._api.get("/account-info/v3/details")
        self.prepare()
        return f"HubSpot account {details.get('portalId')}"

    def upsert_contact(self, contact: Contact) -> str:
        """Create or update the contact whose `dialer_lead_id` is the lead's key."""
        own = self._prepared().texts
        properties = {
            **{name: text(value) for name, value in contact.fields.items() if name in own},
            "firstname": contact.first_name,
            "lastname": contact.last_name,
            "company": contact.company,
            "phone": contact.phone,
            "email": contact.email,
            "dialer_status": contact.status,
            "dialer_details": lines(contact.fields),
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
        body = [activity.summary, lines(activity.fields)]
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
        self._api.associate("calls", call_id, contact_id, CALL_TO_CONTACT)
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
            "hubspot_owner_id": self._owner(task.owner)
            or self._owner_id
            or self._api.read("contacts", contact_id, "hubspot_owner_id"),
        }
        task_id = self._upsert("tasks", task.key, properties)
        self._api.associate("tasks", task_id, contact_id, TASK_TO_CONTACT)
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
        return self._api.upsert(object_type, KEYS[object_type], key, _filled(properties))

    def _adopt(self, contact_id: str, key: str, properties: Mapping[str, str]) -> str:
        """Update a contact that the account already had, found by its e-mail address.

        It gets our key, unless another lead with the same address gave it one before.
        """
        ours = {} if self._api.read("contacts", contact_id, LEAD_ID) else {LEAD_ID: key}
        self._api.update("contacts", contact_id, _filled({**properties, **ours}))
        return contact_id

    def _owner(self, owner: str) -> str:
        """The id of an owner who may be named by an e-mail address; "" if the account has none such."""
        if "@" not in owner:
            return owner
        found = self._api.get("/crm/v3/owners", email=owner)["results"]
        return str(found[0]["id"]) if found else ""

    def _survey(self) -> _Account:
        """Read what the account has, and add what we need."""
        self._api.zone = _zone(str(self._api.get("/account-info/v3/details").get("timeZone", "UTC")))
        labels = self._api.get("/calling/v1/dispositions")
        texts = {object_type: self._ensure(object_type) for object_type in KEYS}
        return _Account(
            dispositions={str(row["label"]).lower(): str(row["id"]) for row in labels if not row.get("deleted")},
            texts=texts["contacts"],
        )

    def _ensure(self, object_type: str) -> frozenset[str]:
        """Make our missing properties of one object type; return the account's own that take any text."""
        have, wanted, key = self._api.properties(object_type), OWN_PROPERTIES[object_type], KEYS[object_type]
        if key in have and not have[key]["has_unique_value"]:
            raise VendorRefused(
                VENDOR, "NOT_UNIQUE", f"the {object_type} property {key} exists but is not unique: delete or rename it"
            )
        for name in wanted.keys() - have.keys():
            self._api.add_property(
                object_type,
                name=name,
                label=name.replace("_", " ").capitalize(),
                type="string",
                field_type=wanted[name],
                group_name=have[GROUP_OF[object_type]]["group_name"],
                has_unique_value=name == key,
            )
        own = {name for name, row in have.items() if row["type"] == "string" and not row["hubspot_defined"]}
        return frozenset(own - wanted.keys())


def _filled(properties: Mapping[str, str]) -> dict[str, str]:
    """Leave out what we do not know: an empty value would erase the sales team's own."""
    return {name: value for name, value in properties.items() if value}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
