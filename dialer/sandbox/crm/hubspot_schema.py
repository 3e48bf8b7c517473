"""The properties that a new HubSpot account has, as far as callers touch them, and which values they take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

OWNERS = MappingProxyType({"5001": "sam@sales.example", "5002": "kim@sales.example"})
"""E-mail address by owner id."""

DISPOSITIONS = MappingProxyType(
    {
        "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
        "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
        "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
        "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
        "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
        "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
    }
)
"""Label by GUID, as in every account."""

ASSOCIATIONS = MappingProxyType(
    {("calls", "contacts"): 194, ("contacts", "calls"): 193, ("tasks", "contacts"): 204, ("contacts", "tasks"): 203}
)

GROUPS = MappingProxyType({"contacts": "contactinformation", "calls": "call", "tasks": "task"})
REQUIRED = MappingProxyType({"contacts": (), "calls": ("hs_timestamp",), "tasks": ("hs_timestamp",)})

_TEXT = {
    "contacts": "firstname lastname company jobtitle address city state country zip website phone mobilephone",
    "calls": "hs_call_title hs_call_body hs_call_from_number hs_call_to_number hs_call_recording_url",
    "tasks": "hs_task_subject hs_task_body hs_task_reminders",
}
_CHOICES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "contacts": {"lifecyclestage": frozenset({"subscriber", "lead", "salesqualifiedlead", "opportunity", "customer"})},
    "calls": {
        "hs_call_status": frozenset(
            {"BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING"}
            | {"FAILED", "IN_PROGRESS", "NO_ANSWER", "QUEUED", "RINGING"}
        ),
        "hs_call_direction": frozenset({"OUTBOUND", "INBOUND"}),
        "hs_call_source": frozenset({"INTEGRATIONS_PLATFORM"}),
        "hs_call_disposition": frozenset(DISPOSITIONS),
    },
    "tasks": {
        "hs_task_status": frozenset({"NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"}),
        "hs_task_priority": frozenset({"NONE", "LOW", "MEDIUM", "HIGH"}),
        "hs_task_type": frozenset({"EMAIL", "CALL", "TODO"}),
    },
}
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def definitions(object_type: str) -> dict[str, dict[str, Any]]:
    """The properties of an object type by name, as `GET /crm/v3/properties/…` shows them."""
    made = [_definition(object_type, name, "string", "text") for name in _TEXT[object_type].split()]
    made += [
        _definition(object_type, name, "enumeration", "select", options=sorted(values))
        for name, values in _CHOICES[object_type].items()
    ]
    made.append(_definition(object_type, "hubspot_owner_id", "enumeration", "select"))
    made.append(_definition(object_type, "hs_object_id", "number", "number", read_only=True))
    made.append(_definition(object_type, "hs_lastmodifieddate", "datetime", "date", read_only=True))
    if object_type == "contacts":
        made.append(_definition(object_type, "email", "string", "text"))
    else:
        made.append(_definition(object_type, "hs_timestamp", "datetime", "date"))
    if object_type == "calls":
        made.append(_definition(object_type, "hs_call_duration", "number", "number"))
    return {row["name"]: row for row in made}


def fault_of(object_type: str, name: str, value: Any, known: Mapping[str, dict[str, Any]]) -> str | None:
    """Why a value is refused, in HubSpot's word for it; None if it is taken."""
    text = str(value)
    if name not in known:
        return "PROPERTY_DOESNT_EXIST"
    if known[name].get("modificationMetadata", {}).get("readOnlyValue"):
        return "READ_ONLY_VALUE"
    if text == "":
        return None
    if name == "hubspot_owner_id":
        return None if text in OWNERS else "INVALID_OWNER_ID"
    if name == "email":
        return None if _EMAIL.fullmatch(text) else "INVALID_EMAIL"
    if name == "hs_call_recording_url" and not text.startswith("https://"):
        return "INVALID_URL"
    choices = _CHOICES[object_type].get(name)
    if choices is not None and text not in choices:
        return "INVALID_OPTION"
    if known[name]["type"] == "number" and not text.lstrip("-").isdigit():
        return "INVALID_INTEGER"
    if known[name]["type"] == "datetime" and not (text.isdigit() or _ISO.fullmatch(text)):
        return "INVALID_DATE"
    return None


def _definition(
    object_type: str,
    name: str,
    kind: str,
    field_type: str,
    *,
    options: list[str] | None = None,
    read_only: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "description": "",
        "type": kind,
        "fieldType": field_type,
        "groupName": GROUPS[object_type],
        "options": [{"label": value, "value": value, "hidden": False} for value in options or ()],
        "hasUniqueValue": False,
        "hubspotDefined": True,
        "calculated": False,
        "modificationMetadata": {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": read_only},
    }
