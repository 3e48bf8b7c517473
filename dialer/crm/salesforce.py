"""Salesforce, through simple-salesforce.

Leads and tasks are upserted by external id fields of our own (`Dialer_Id__c` on Lead, `Dialer_Key__c` on Task), which
an administrator adds once; `prepare` says which are missing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType
from typing import Any

from dialer.crm.base import Activity, Contact, Task
from dialer.crm.salesforce_api import VENDOR, SalesforceApi
from dialer.crm.wording import lines, text
from dialer.errors import VendorRefused, VendorSilent

TIMEOUT_S = (3.0, 10.0)
"""To connect, and to answer."""

LEAD_ID, TASK_KEY = "Dialer_Id__c", "Dialer_Key__c"
KEYS = MappingProxyType({"Lead": LEAD_ID, "Task": TASK_KEY})
STATUS, DETAILS = "Dialer_Status__c", "Dialer_Details__c"
"""Optional fields of Lead: the last disposition, and what was found out."""

USER_PREFIX = "005"
"""How the ids of users begin."""
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
        self._api = SalesforceApi(
            consumer_key, consumer_secret, domain, base_url=base_url, version=api_version, timeout_s=timeout_s
        )
        self._owner_id = owner_id
        self._lock = threading.Lock()
        self._fields: Mapping[str, _Fields] = {}

    def prepare(self) -> None:
        """See that the org has our external id fields. Costs nothing after the first success.

        Raises:
            VendorRefused: a field is missing, is no external id, or takes a value twice; the message says which.
        """
        with self._lock:
            if not self._fields:
                self._fields = {name: self._survey(name) for name in KEYS}

    def check(self) -> str:
        """Return the org's instance, after having looked for our fields once more."""
        for name in KEYS:
            self._survey(name)
        return f"Salesforce {self._api.instance()}"

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
            DETAILS: lines(contact.fields),
        }
        self.prepare()
        here = self._fields["Lead"]
        own = {name: text(value) for name, value in contact.fields.items() if name in here.texts}
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
        parts = (activity.summary, lines(activity.fields), recording)
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
        if (existing := self._api.find("Task", TASK_KEY, task.key)) is not None:
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
        try:
            record_id = self._api.upsert(name, KEYS[name], key, filled)
        except VendorRefused as error:
            # Another sender may have made the record at the same moment: then there is one to update.
            if error.code != "DUPLICATE_VALUE" or self._api.find(name, KEYS[name], key) is None:
                raise
            record_id = self._api.upsert(name, KEYS[name], key, filled)
        record_id = record_id or self._api.find(name, KEYS[name], key)
        if record_id is None:
            raise VendorSilent(VENDOR, f"{name} {key} was written and is not there")
        return record_id

    def _cut(self, name: str, field: str, value: Any) -> Any:
        """Shorten a text to what the field takes: a longer one would cost the whole record."""
        length = self._fields[name].lengths.get(field, 0)
        return value[:length] if isinstance(value, str) and length else value

    def _owner(self, owner: str) -> str:
        """The id of a user who may be named by an e-mail address; "" if the org has none such."""
        return (self._api.find("User", "Email", owner) or "") if "@" in owner else owner

    def _owner_of(self, lead_id: str) -> str:
        """The user who owns a lead; "" if it waits in a queue, which cannot own a task."""
        owner = self._api.read("Lead", lead_id, "OwnerId")
        return owner if owner.startswith(USER_PREFIX) else ""

    def _survey(self, name: str) -> _Fields:
        """Look at the fields of one object."""
        fields = self._api.fields(name)
        key = KEYS[name]
        if not any(field["name"] == key and field["externalId"] and field["unique"] for field in fields):
            raise VendorRefused(
                VENDOR,
                "INVALID_FIELD",
                f"{name} has no unique external id field {key}: add it in Setup as a unique, case-sensitive text of 64",
            )
        writable = [field for field in fields if field["createable"]]
        own = {field["name"] for field in writable if field["custom"] and field["type"] in ("string", "textarea")}
        return _Fields({field["name"]: field["length"] for field in writable}, frozenset(own - {key, STATUS, DETAILS}))
