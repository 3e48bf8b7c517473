"""HubSpot's REST interface to an account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from dialer.sandbox.crm.hubspot_account import Account, Json
from dialer.sandbox.crm.hubspot_schema import ASSOCIATIONS, DISPOSITIONS, OWNERS
from dialer.sandbox.crm.misfortune import Misfortune
from dialer.sandbox.crm.records import Record, Records
from dialer.sandbox.crm.refusal import Refusal
from dialer.sandbox.crm.refusal import hubspot as refusal
from dialer.sandbox.routing import json_object, route

if TYPE_CHECKING:
    from dialer.sandbox.world import World

BATCH_SIZE = 100
PORTAL_ID = 8_900_001


class Api:
    """What the account answers."""

    def __init__(self, world: World, records: Records) -> None:
        self._world, self._records = world, records
        self._account, self._misfortune = Account(records, world.faults), Misfortune(world.faults, "hubspot")

    async def admit(self, request: Request) -> None:
        """Turn away who has no token, and whom misfortune strikes."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._world.options.api_keys:
            raise refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid.")
        if self._misfortune.strikes("rate_limited", request):
            raise refusal(
                429,
                "RATE_LIMITS",
                "You have reached your ten_secondly_rolling limit.",
                errorType="RATE_LIMIT",
                policyName="TEN_SECONDLY_ROLLING",
            )
        if self._misfortune.strikes("unwell", request):
            raise refusal(503, "SERVICE_UNAVAILABLE", "This service is temporarily unavailable.")

    async def details(self) -> Json:
        """Say which account it is."""
        return {"portalId": PORTAL_ID, "accountType": "STANDARD", "timeZone": "America/New_York", "utcOffset": "-05:00"}

    async def dispositions(self) -> list[Json]:
        """List how calls may have ended."""
        return [{"id": guid, "label": label, "deleted": False} for guid, label in DISPOSITIONS.items()]

    async def owners(self, email: str | None = None) -> Json:
        """List the people, or the one of an address."""
        found = [{"id": key, "email": mail} for key, mail in OWNERS.items() if email in (None, mail)]
        return {"results": found}

    async def list_properties(self, object_type: str) -> Json:
        """List the properties of an object type."""
        return {"results": list(self._account.properties(object_type).values())}

    async def get_property(self, object_type: str, name: str) -> Json:
        """Show one."""
        if (found := self._account.properties(object_type).get(name)) is None:
            raise refusal(404, "OBJECT_NOT_FOUND", f"property {name} does not exist")
        return found

    async def create_property(self, object_type: str, request: Request) -> Json:
        """Define one."""
        wish = await _body(request)
        async with self._records.lock:
            return await self._account.add_property(object_type, wish)

    async def upsert(self, object_type: str, request: Request) -> JSONResponse:
        """Create or update up to `BATCH_SIZE` records; one that is refused does not hold up the others."""
        inputs = (await _body(request)).get("inputs") or []
        if not 0 < len(inputs) <= BATCH_SIZE:
            raise refusal(400, "VALIDATION_ERROR", f"A batch has 1 to {BATCH_SIZE} inputs; this one has {len(inputs)}.")
        self._account.properties(object_type)
        results, errors = [], []
        for wish in inputs:
            try:
                async with self._records.lock:
                    record, new = await self._account.upsert(object_type, wish)
            except Refusal as error:
                if len(inputs) == 1:
                    raise
                errors.append({**error.body, "context": {"objectWriteTraceId": [str(wish.get("objectWriteTraceId"))]}})
            else:
                results.append({**_shown(record), "new": new, "objectWriteTraceId": wish.get("objectWriteTraceId")})
        await self._misfortune.after_write(request)
        now = datetime.now(UTC).isoformat()
        body: Json = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not errors:
            return JSONResponse(body)
        return JSONResponse({**body, "numErrors": len(errors), "errors": errors}, 207)

    async def search(self, object_type: str, request: Request) -> Json:
        """Find the records that the filters hold for."""
        self._account.properties(object_type)
        query = await _body(request)
        found = [record for record in self._records.of(object_type) if _matches(record, query.get("filterGroups", []))]
        page = found[: min(int(query.get("limit", 10)), 200)]
        return {"total": len(found), "results": [_shown(record) for record in page]}

    async def create(self, object_type: str, request: Request) -> Json:
        """Create a record, and tie it to others."""
        wish = await _body(request)
        self._account.properties(object_type)
        async with self._records.lock:
            ties = [
                (tie, self._account.record("contacts", str(tie["to"]["id"]))) for tie in wish.get("associations") or ()
            ]
            record = await self._account.write(object_type, None, wish.get("properties", {}))
            for tie, other in ties:
                for spec in tie["types"]:
                    await self._account.associate(record, other, int(spec["associationTypeId"]))
        await self._misfortune.after_write(request)
        return _shown(record)

    async def read(self, object_type: str, record_id: str, request: Request) -> Json:
        """Show a record."""
        return _shown(self._account.record(object_type, record_id, request.query_params.get("idProperty")))

    async def update(self, object_type: str, record_id: str, request: Request) -> Json:
        """Change a record."""
        wish = await _body(request)
        async with self._records.lock:
            here = self._account.record(object_type, record_id, request.query_params.get("idProperty"))
            record = await self._account.write(object_type, here, wish.get("properties", {}))
        await self._misfortune.after_write(request)
        return _shown(record)

    async def associate_by_default(self, one: str, one_id: str, other: str, other_id: str) -> Json:
        """Tie two records as their kinds usually are."""
        type_id = ASSOCIATIONS.get((one, other), 0)
        async with self._records.lock:
            await self._account.associate(
                self._account.record(one, one_id), self._account.record(other, other_id), type_id
            )
        return {"status": "COMPLETE", "results": [{"from": {"id": one_id}, "to": {"id": other_id}}]}

    async def associate(self, one: str, one_id: str, other: str, other_id: str, request: Request) -> Json:
        """Tie two records in the ways that are named."""
        specs = await request.json()
        async with self._records.lock:
            here, there = self._account.record(one, one_id), self._account.record(other, other_id)
            for spec in specs:
                await self._account.associate(here, there, int(spec["associationTypeId"]))
        await self._misfortune.after_write(request)
        ids = {"fromObjectId": one_id, "toObjectId": other_id}
        return {"fromObjectTypeId": one, "toObjectTypeId": other, "labels": [], **ids}

    async def associations(self, one: str, one_id: str, other: str) -> Json:
        """List what a record is tied to."""
        links = [link for link in self._account.record(one, one_id).links if link["object"] == other]
        kind = {"category": "HUBSPOT_DEFINED", "label": None}
        return {
            "results": [
                {"toObjectId": link["id"], "associationTypes": [{**kind, "typeId": int(link["type"])}]}
                for link in links
            ]
        }


def router(world: World, records: Records) -> APIRouter:
    """The account's API."""
    api = Api(world, records)
    routes = APIRouter(dependencies=[Depends(api.admit)])
    route(
        routes,
        ("GET", "/account-info/v3/details", api.details, 200),
        ("GET", "/calling/v1/dispositions", api.dispositions, 200),
        ("GET", "/crm/v3/owners", api.owners, 200),
        ("GET", "/crm/v3/owners/", api.owners, 200),
        ("GET", "/crm/v3/properties/{object_type}", api.list_properties, 200),
        ("GET", "/crm/v3/properties/{object_type}/{name}", api.get_property, 200),
        ("POST", "/crm/v3/properties/{object_type}", api.create_property, 201),
        ("POST", "/crm/v3/objects/{object_type}/batch/upsert", api.upsert, 200),
        ("POST", "/crm/v3/objects/{object_type}/search", api.search, 200),
        ("POST", "/crm/v3/objects/{object_type}", api.create, 201),
        ("GET", "/crm/v3/objects/{object_type}/{record_id}", api.read, 200),
        ("PATCH", "/crm/v3/objects/{object_type}/{record_id}", api.update, 200),
        (
            "PUT",
            "/crm/v4/objects/{one}/{one_id}/associations/default/{other}/{other_id}",
            api.associate_by_default,
            200,
        ),
        ("PUT", "/crm/v4/objects/{one}/{one_id}/associations/{other}/{other_id}", api.associate, 201),
        ("GET", "/crm/v4/objects/{one}/{one_id}/associations/{other}", api.associations, 200),
    )
    return routes


async def _body(request: Request) -> Json:
    if (body := await json_object(request)) is None:
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
