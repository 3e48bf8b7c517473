"""The objects and fields of a Salesforce org whose administrator has added what Dialer needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

PREFIXES = MappingProxyType({"Lead": "00Q", "Task": "00T", "User": "005"})
"""The first three characters of every id of an object."""
REQUIRED = MappingProxyType({"Lead": ("LastName", "Company"), "Task": ()})
USERS = MappingProxyType({"005000000000001AAA": "sam@sales.example", "005000000000002AAA": "integration@sales.example"})
INTEGRATION_USER = "005000000000002AAA"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type, the longest text it takes, and whether it may be changed once the record is there."""

    name: str
    type: str = "string"
    length: int = 255
    external_id: bool = False
    updateable: bool = True
    choices: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """What a describe shows of it."""
        return {
            "name": self.name,
            "type": self.type,
            "length": self.length if self.type in ("string", "email", "reference") else 0,
            "custom": self.name.endswith("__c"),
            "externalId": self.external_id,
            "unique": self.external_id,
            "createable": True,
            "updateable": self.updateable,
        }


_LEAD = (
    Field("FirstName", length=40),
    Field("LastName", length=80),
    Field("Company"),
    Field("Phone", length=40),
    Field("MobilePhone", length=40),
    Field("Email", "email", length=80),
    Field("Title", length=128),
    Field("Description", length=32_000),
    Field("LeadSource"),
    Field("Status"),
    Field("OwnerId", "reference", length=18),
    Field("Dialer_Id__c", length=64, external_id=True),
    Field("Dialer_Status__c"),
    Field("Dialer_Details__c", length=32_768),
)
_TASK = (
    Field("WhoId", "reference", length=18),
    Field("OwnerId", "reference", length=18),
    Field("Subject"),
    Field("Description", length=32_000),
    Field("Status"),
    Field("Priority"),
    Field("ActivityDate", "date"),
    Field("IsReminderSet", "boolean"),
    Field("ReminderDateTime", "datetime"),
    Field("TaskSubtype", updateable=False, choices=frozenset({"Task", "Email", "ListEmail", "Cadence", "Call"})),
    Field("CallType", choices=frozenset({"Internal", "Inbound", "Outbound"})),
    Field("CallDurationInSeconds", "int"),
    Field("CallDisposition"),
    Field("CallObject"),
    Field("Dialer_Key__c", length=64, external_id=True),
)
FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {"Lead": {field.name: field for field in _LEAD}, "Task": {field.name: field for field in _TASK}}
)
DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "Lead": {"Status": "Open - Not Contacted", "OwnerId": INTEGRATION_USER},
        "Task": {"Status": "Not Started", "Priority": "Normal", "OwnerId": INTEGRATION_USER},
    }
)


def fault_of(field: Field, value: Any) -> tuple[str, str] | None:
    """Error code and message for a value that the field does not take; None if it does."""
    if value is None:
        return None
    if field.type in ("string", "email") and isinstance(value, str) and len(value) > field.length:
        return "STRING_TOO_LONG", f"{field.name}: data value too large (max length={field.length})"
    if field.type == "email" and not _EMAIL.fullmatch(str(value)):
        return "INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {value}"
    if field.choices and value not in field.choices:
        return "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{field.name}: bad value for restricted picklist: {value}"
    if field.type == "int" and (not isinstance(value, int) or isinstance(value, bool)):
        return "JSON_PARSER_ERROR", f"Cannot deserialize instance of int from {value!r}"
    if field.type == "date" and not _DATE.fullmatch(str(value)):
        return "JSON_PARSER_ERROR", f"Cannot deserialize instance of date from {value!r}"
    return None
