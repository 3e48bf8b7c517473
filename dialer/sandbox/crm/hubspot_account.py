"""What a HubSpot account holds: contacts, calls, tasks, their properties and associations; and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dialer.sandbox.crm.hubspot_schema import ASSOCIATIONS, GROUPS, REQUIRED, definitions, fault_of
from dialer.sandbox.crm.records import Record, Records
from dialer.sandbox.crm.refusal import hubspot as refusal

if TYPE_CHECKING:
    from dialer.sandbox.faults import Faults

FIRST_ID = 501
KEYS = {"contacts": "dialer_lead_id", "calls": "dialer_call_id", "tasks": "dialer_task_id"}
"""The property whose value the ledger shows as a write's key."""
Json = dict[str, Any]


class Account:
    """The records and property definitions of one account."""

    def __init__(self, records: Records, faults: Faults) -> None:
        self.records, self._faults = records, faults
        self._definitions = {object_type: definitions(object_type) for object_type in GROUPS}
        for line in records.definitions():
            self._definitions[line["object"]][line["property"]] = line["definition"]
        self._next_id = max((int(record.id) for record in records.all()), default=FIRST_ID - 1) + 1

    def properties(self, object_type: str) -> dict[str, Json]:
        """The properties of an object type by name."""
        if object_type not in self._definitions:
            raise refusal(400, "VALIDATION_ERROR", f"Unable to infer object type from: {object_type}")
        return self._definitions[object_type]

    async def add_property(self, object_type: str, wish: Json) -> Json:
        """Define a new property."""
        known = self.properties(object_type)
        missing = [name for name in ("name", "label", "type", "fieldType", "groupName") if not wish.get(name)]
        if missing:
            raise refusal(400, "VALIDATION_ERROR", f"Some required fields were not set: {missing}")
        if wish["groupName"] != GROUPS[object_type]:
            raise refusal(400, "VALIDATION_ERROR", f"property group {wish['groupName']} does not exist")
        if wish["name"] in known:
            raise refusal(409, "OBJECT_ALREADY_EXISTS", f"A property named '{wish['name']}' already exists.")
        made = {
            "description": "",
            "options": [],
            "hasUniqueValue": False,
            "calculated": False,
            **wish,
            "hubspotDefined": False,
            "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False},
        }
        await self.records.define(object_type, wish["name"], made)
        known[wish["name"]] = made
        return made

    async def upsert(self, object_type: str, wish: Json) -> tuple[Record, bool]:
        """Create or update by a unique property. Returns the record, and whether it is new."""
        prop, value = wish.get("idProperty"), wish.get("id")
        if not value:
            raise refusal(400, "VALIDATION_ERROR", "Some required fields were not set: [id]")
        if prop is None or (object_type, prop) not in self.records.unique:
            known = prop in self.properties(object_type)
            why = "is not a unique identifier property" if known else "does not exist"
            raise refusal(400, "VALIDATION_ERROR", f"Property '{prop}' {why} for {object_type}")
        properties = {**wish.get("properties", {}), prop: value}
        here = self.records.find(object_type, prop, value)
        return await self.write(object_type, here, properties), here is None

    async def write(self, object_type: str, here: Record | None, properties: Mapping[str, Any]) -> Record:
        """Create a record, or change `here`, if everything about it is valid."""
        self._validate(object_type, here, properties)
        values = {name: None if value is None else str(value) for name, value in properties.items()}
        key = values.get(KEYS[object_type]) or (here.properties.get(KEYS[object_type]) if here else None)
        if here is not None:
            return await self.records.update(here, values, key=key)
        record_id, self._next_id = str(self._next_id), self._next_id + 1
        return await self.records.create(object_type, record_id, values, key=key)

    def record(self, object_type: str, record_id: str, id_property: str | None = None) -> Record:
        """The record of this id, or with this value of a unique property."""
        self.properties(object_type)
        if id_property and (object_type, id_property) not in self.records.unique:
            raise refusal(400, "VALIDATION_ERROR", f"Property '{id_property}' is not a unique identifier property")
        if id_property:
            found = self.records.find(object_type, id_property, record_id)
        else:
            found = self.records.get(object_type, record_id)
        if found is None:
            raise refusal(404, "OBJECT_NOT_FOUND", f"Object not found.  objectId are usually numeric: {record_id}")
        return found

    async def associate(self, one: Record, other: Record, type_id: int) -> None:
        """Tie two records together."""
        if ASSOCIATIONS.get((one.object, other.object)) != type_id:
            raise refusal(400, "VALIDATION_ERROR", f"{type_id} is no type from {one.object} to {other.object}")
        await self.records.link(one, other, str(type_id))

    def _validate(self, object_type: str, here: Record | None, properties: Mapping[str, Any]) -> None:
        known = self.properties(object_type)
        errors = [
            {"message": f'Property "{name}" is not valid: {fault}', "code": fault, "context": {"propertyName": [name]}}
            for name, value in properties.items()
            if value is not None and (fault := fault_of(object_type, name, value, known))
        ]
        errors += [
            {"message": f"{name} is required", "code": "REQUIRED_PROPERTY_MISSING", "context": {"propertyName": [name]}}
            for name in REQUIRED[object_type]
            if not {**(here.properties if here else {}), **properties}.get(name)
        ]
        if object_type == "contacts" and self._faults.bars(properties.get("phone")):
            errors.append({"message": "A rule of this account refuses the number.", "code": "VALIDATION_RULE_FAILED"})
        if errors:
            told = "; ".join(str(error["message"]) for error in errors)
            raise refusal(400, "VALIDATION_ERROR", f"Property values were not valid: {told}", errors=errors)
        for name, value in properties.items():
            if value and (object_type, name) in self.records.unique:
                other = self.records.find(object_type, name, value)
                if other is not None and other is not here:
                    what = "Contact" if object_type == "contacts" else "Object"
                    raise refusal(409, "CONFLICT", f"{what} already exists. Existing ID: {other.id}")
