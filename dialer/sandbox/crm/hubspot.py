"""A HubSpot account: contacts, calls, tasks, their properties and associations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from dialer.sandbox.crm.hubspot_schema import (
    ASSOCIATIONS,
    DISPOSITIONS,
    GROUPS,
    OWNERS,
    REQUIRED,
    definitions,
    fault_of,
)
from dialer.sandbox.crm.misfortune import Misfortune
from dialer.sandbox.crm.records import Record, Records
from dialer.sandbox.crm.refusal import Refusal
from dialer.sandbox.crm.refusal import hubspot as refusal

if TYPE_CHECKING:
    from dialer.sandbox.faults import Faults
    from dialer.sandbox.world import World

BATCH_SIZE = 100
FIRST_ID = 501
PORTAL_ID = 8_900_001
KEYS = {"contacts": "dialer_lead_id", "calls": "dialer_call_id", "tasks": "dialer_task_id"}
"""The property whose value the ledger shows as a write's key."""
Json = dict[str, Any]


class Account:
    """What the account holds, and what it refuses."""

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


def router(world: World, records: Records) -> APIRouter:
    """The account's API."""
    account, misfortune = Account(records, world.faults), Misfortune(world.faults, "hubspot")

    async def admit(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in world.options.api_keys:
            raise refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid.")
        if misfortune.strikes("rate_limited", request):
            raise refusal(
                429,
                "RATE_LIMITS",
                "You have reached your ten_secondly_rolling limit.",
                errorType="RATE_LIMIT",
                policyName="TEN_SECONDLY_ROLLING",
            )
        if misfortune.strikes("unwell", request):
            raise refusal(503, "SERVICE_UNAVAILABLE", "This service is temporarily unavailable.")

    api = APIRouter(dependencies=[Depends(admit)])

    @api.get("/account-info/v3/details")
    async def details() -> Json:
        return {"portalId": PORTAL_ID, "accountType": "STANDARD", "timeZone": "America/New_York", "utcOffset": "-05:00"}

    @api.get("/calling/v1/dispositions")
    async def dispositions() -> list[Json]:
        return [{"id": guid, "label": label, "deleted": False} for guid, label in DISPOSITIONS.items()]

    @api.get("/crm/v3/owners")
    @api.get("/crm/v3/owners/")
    async def owners(email: str | None = None) -> Json:
        found = [{"id": key, "email": mail} for key, mail in OWNERS.items() if email in (None, mail)]
        return {"results": found}

    @api.get("/crm/v3/properties/{object_type}")
    async def list_properties(object_type: str) -> Json:
        return {"results": list(account.properties(object_type).values())}

    @api.get("/crm/v3/properties/{object_type}/{name}")
    async def get_property(object_type: str, name: str) -> Json:
        if (found := account.properties(object_type).get(name)) is None:
            raise refusal(404, "OBJECT_NOT_FOUND", f"property {name} does not exist")
        return found

    @api.post("/crm/v3/properties/{object_type}", status_code=201)
    async def create_property(object_type: str, request: Request) -> Json:
        wish = await _body(request)
        async with records.lock:
            return await account.add_property(object_type, wish)

    @api.post("/crm/v3/objects/{object_type}/batch/upsert")
    async def upsert(object_type: str, request: Request) -> JSONResponse:
        inputs = (await _body(request)).get("inputs") or []
        if not 0 < len(inputs) <= BATCH_SIZE:
            raise refusal(400, "VALIDATION_ERROR", f"A batch has 1 to {BATCH_SIZE} inputs; this one has {len(inputs)}.")
        account.properties(object_type)
        results, errors = [], []
        for wish in inputs:
            try:
                async with records.lock:
                    record, new = await account.upsert(object_type, wish)
            except Refusal as error:
                if len(inputs) == 1:
                    raise
                errors.append({**error.body, "context": {"objectWriteTraceId": [str(wish.get("objectWriteTraceId"))]}})
            else:
                results.append({**_shown(record), "new": new, "objectWriteTraceId": wish.get("objectWriteTraceId")})
        await misfortune.after_write(request)
        now = datetime.now(UTC).isoformat()
        body: Json = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not errors:
            return JSONResponse(body)
        return JSONResponse({**body, "numErrors": len(errors), "errors": errors}, 207)

    @api.post("/crm/v3/objects/{object_type}/search")
    async def search(object_type: str, request: Request) -> Json:
        account.properties(object_type)
        query = await _body(request)
        found = [record for record in records.of(object_type) if _matches(record, query.get("filterGroups", []))]
        page = found[: min(int(query.get("limit", 10)), 200)]
        return {"total": len(found), "results": [_shown(record) for record in page]}

    @api.post("/crm/v3/objects/{object_type}", status_code=201)
    async def create(object_type: str, request: Request) -> Json:
        wish = await _body(request)
        account.properties(object_type)
        async with records.lock:
            ties = [(tie, account.record("contacts", str(tie["to"]["id"]))) for tie in wish.get("associations") or ()]
            record = await account.write(object_type, None, wish.get("properties", {}))
            for tie, other in ties:
                for spec in tie["types"]:
                    await account.associate(record, other, int(spec["associationTypeId"]))
        await misfortune.after_write(request)
        return _shown(record)

    @api.get("/crm/v3/objects/{object_type}/{record_id}")
    async def read(object_type: str, record_id: str, request: Request) -> Json:
        return _shown(account.record(object_type, record_id, request.query_params.get("idProperty")))

    @api.patch("/crm/v3/objects/{object_type}/{record_id}")
    async def update(object_type: str, record_id: str, request: Request) -> Json:
        wish = await _body(request)
        async with records.lock:
            here = account.record(object_type, record_id, request.query_params.get("idProperty"))
            record = await account.write(object_type, here, wish.get("properties", {}))
        await misfortune.after_write(request)
        return _shown(record)

    @api.put("/crm/v4/objects/{one}/{one_id}/associations/default/{other}/{other_id}")
    async def associate_by_default(one: str, one_id: str, other: str, other_id: str) -> Json:
        type_id = ASSOCIATIONS.get((one, other), 0)
        async with records.lock:
            await account.associate(account.record(one, one_id), account.record(other, other_id), type_id)
        return {"status": "COMPLETE", "results": [{"from": {"id": one_id}, "to": {"id": other_id}}]}

    @api.put("/crm/v4/objects/{one}/{one_id}/associations/{other}/{other_id}", status_code=201)
    async def associate(one: str, one_id: str, other: str, other_id: str, request: Request) -> Json:
        specs = await request.json()
        async with records.lock:
            here, there = account.record(one, one_id), account.record(other, other_id)
            for spec in specs:
                await account.associate(here, there, int(spec["associationTypeId"]))
        await misfortune.after_write(request)
        ids = {"fromObjectId": one_id, "toObjectId": other_id}
        return {"fromObjectTypeId": one, "toObjectTypeId": other, "labels": [], **ids}

    @api.get("/crm/v4/objects/{one}/{one_id}/associations/{other}")
    async def associations(one: str, one_id: str, other: str) -> Json:
        links = [link for link in account.record(one, one_id).links if link["object"] == other]
        kind = {"category": "HUBSPOT_DEFINED", "label": None}
        return {
            "results": [
                {"toObjectId": link["id"], "associationTypes": [{**kind, "typeId": int(link["type"])}]}
                for link in links
            ]
        }

    return api


async def _body(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refusal(400, "VALIDATION_ERROR", "Invalid input JSON")
    return body


def _shown(record: Record) -> Json:
    return {
        "id": record.id,
        "properties": {**record.properties, "hs_object_id": record.id},
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "archived": False,
    }


def _matches(record: Record, groups: list[Json]) -> bool:
    """Whether all filters of any group hold; EQ and HAS_PROPERTY are known."""
    return not groups or any(all(_holds(record, test) for test in group.get("filters", [])) for group in groups)


def _holds(record: Record, test: Json) -> bool:
    value = record.properties.get(test["propertyName"])
    match test["operator"]:
        case "EQ":
            return str(value).casefold() == str(test.get("value")).casefold()
        case "HAS_PROPERTY":
            return bool(value)
        case operator:
            raise refusal(400, "VALIDATION_ERROR", f"operator {operator} is not supported here")
