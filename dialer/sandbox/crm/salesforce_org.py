"""What a Salesforce org holds: leads and tasks; what it refuses; and the SOQL that finds a record by a field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dialer.sandbox.crm.records import Record, Records
from dialer.sandbox.crm.refusal import salesforce as refusal
from dialer.sandbox.crm.salesforce_schema import DEFAULTS, FIELDS, PREFIXES, REQUIRED, USERS, Field, fault_of

if TYPE_CHECKING:
    from dialer.sandbox.faults import Faults

UNIQUE = frozenset(
    (name, field.name) for name, fields in FIELDS.items() for field in fields.values() if field.external_id
)
KEYS = dict(UNIQUE)
"""The field whose value the ledger shows as a write's key."""
_SOQL = re.compile(
    r"SELECT\s+(?P<fields>[\w\s,]+?)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<field>\w+)\s*=\s*'(?P<value>(?:[^'\\]|\\.)*)')?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE,
)
Json = dict[str, Any]


class Org:
    """The records and the sessions of one org."""

    def __init__(self, records: Records, faults: Faults) -> None:
        self.records, self._faults = records, faults
        self.sessions: set[str] = set()
        """Access tokens; they do not outlive the process, as real ones end without notice."""
        self.requests = 0
        self._made = Counter(record.object for record in records.all())

    def fields(self, name: str) -> Mapping[str, Field]:
        """The fields of an object."""
        if name not in FIELDS:
            raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return FIELDS[name]

    def find(self, name: str, field: str, value: str) -> Record | None:
        """The record with this value of an external id field."""
        known = self.fields(name).get(field)
        if known is None or not known.external_id:
            raise refusal(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field}")
        return self.records.find(name, field, value)

    def record(self, name: str, record_id: str) -> Record:
        """The record of this id, of 15 or 18 characters."""
        self.fields(name)
        found = self.records.get(name, record_id)
        if found is None:
            raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    async def write(self, name: str, here: Record | None, values: Json) -> Record:
        """Create a record, or change `here`, if everything about it is valid."""
        self._validate(name, here, values)
        key = values.get(KEYS[name]) or (here.properties.get(KEYS[name]) if here else None)
        if here is not None:
            return await self.records.update(here, values, key=key)
        self._made[name] += 1
        record_id = f"{PREFIXES[name]}5g00000{self._made[name]:05d}AAA"
        return await self.records.create(name, record_id, {**DEFAULTS[name], **values}, key=key)

    def _validate(self, name: str, here: Record | None, values: Json) -> None:
        fields = self.fields(name)
        for field, value in values.items():
            if field not in fields:
                message = f"No such column '{field}' on sobject of type {name}"
                raise refusal(400, "INVALID_FIELD", message)
            if here is not None and not fields[field].updateable:
                message = f"Unable to create/update fields: {field}. Please check the security settings of this field."
                raise refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [field])
            if (fault := fault_of(fields[field], value)) is not None:
                raise refusal(400, *fault, [field])
        there = {**(here.properties if here else {}), **values}
        if missing := [field for field in REQUIRED[name] if not there.get(field)]:
            raise refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", missing)
        if name == "Lead" and self._faults.bars(there.get("Phone")):
            raise refusal(
                400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No lead of this region without a broker.", ["Phone"]
            )
        if "OwnerId" in values and values["OwnerId"] not in USERS:
            raise refusal(400, "INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", ["OwnerId"])
        if values.get("WhoId") and self.records.get("Lead", values["WhoId"]) is None:
            raise refusal(400, "MALFORMED_ID", f"Name ID: id value of incorrect type: {values['WhoId']}", ["WhoId"])
        other = self.records.find(name, KEYS[name], values[KEYS[name]]) if values.get(KEYS[name]) else None
        if other is not None and other is not here:
            raise refusal(400, "DUPLICATE_VALUE", f"duplicate value found: {KEYS[name]} on record {other.id}")


def query(org: Org, soql: str) -> list[Json]:
    """Answer `SELECT fields FROM object [WHERE field = 'value'] [LIMIT n]`."""
    if (parts := _SOQL.fullmatch(soql)) is None:
        raise refusal(400, "MALFORMED_QUERY", f"unexpected token in: {soql[:80]}")
    name, field, limit = parts["object"], parts["field"], int(parts["limit"] or 2000)
    wanted = [column.strip() for column in parts["fields"].split(",")]
    if name == "User":
        rows = [{"Id": key, "Email": email} for key, email in USERS.items()]
    elif name not in FIELDS:
        raise refusal(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    elif (name, field) in UNIQUE:
        record = org.records.find(name, field, re.sub(r"\\(.)", r"\1", parts["value"]))
        rows = [shown(record)] if record else []
    else:
        rows = [shown(record) for record in org.records.of(name)]
    known = {"Id", "Email"} if name == "User" else {"Id", *FIELDS[name]}
    for column in {*wanted, *([field] if field else [])} - known:
        raise refusal(400, "INVALID_FIELD", f"No such column '{column}' on entity '{name}'.")
    if field:
        value = re.sub(r"\\(.)", r"\1", parts["value"])
        rows = [row for row in rows if str(row.get(field)).casefold() == value.casefold()]
    return [{"attributes": {"type": name}, **{column: row.get(column) for column in wanted}} for row in rows[:limit]]


def shown(record: Record) -> Json:
    """A record as the org shows it."""
    return {"attributes": {"type": record.object}, "Id": record.id, **record.properties}
