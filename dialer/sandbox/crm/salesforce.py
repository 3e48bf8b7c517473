"""A Salesforce org: log-in by client credentials, leads and tasks by REST, the SOQL that finds one by a field."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dialer.sandbox.crm.misfortune import Misfortune
from dialer.sandbox.crm.records import Record, Records
from dialer.sandbox.crm.refusal import Refusal
from dialer.sandbox.crm.refusal import salesforce as refusal
from dialer.sandbox.crm.salesforce_schema import (
    DEFAULTS,
    FIELDS,
    PREFIXES,
    REQUIRED,
    USERS,
    Field,
    fault_of,
)

if TYPE_CHECKING:
    from dialer.sandbox.faults import Faults
    from dialer.sandbox.world import World

UNIQUE = frozenset(
    (name, field.name) for name, fields in FIELDS.items() for field in fields.values() if field.external_id
)
KEYS = dict(UNIQUE)
"""The field whose value the ledger shows as a write's key."""
DAILY_LIMIT = 100_000
_SOQL = re.compile(
    r"SELECT\s+(?P<fields>[\w\s,]+?)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<field>\w+)\s*=\s*'(?P<value>(?:[^'\\]|\\.)*)')?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE,
)
Json = dict[str, Any]


class Org:
    """What the org holds, and what it refuses."""

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


def router(world: World, records: Records) -> APIRouter:
    """The org's API, log-in included."""
    org, misfortune = Org(records, world.faults), Misfortune(world.faults, "salesforce")

    async def admit(request: Request, response: Response) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if misfortune.strikes("session_over", request):
            org.sessions.discard(token)
        if token not in org.sessions:
            raise refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        org.requests += 1
        response.headers["Sforce-Limit-Info"] = f"api-usage={org.requests}/{DAILY_LIMIT}"
        if misfortune.strikes("rate_limited", request) or org.requests > DAILY_LIMIT:
            raise refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if misfortune.strikes("unwell", request):
            raise refusal(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable.")
        if misfortune.strikes("row_locked", request):
            raise refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")

    api = APIRouter(prefix="/services/data/v{version}", dependencies=[Depends(admit)])

    @api.get("/limits")
    async def limits() -> Json:
        return {"DailyApiRequests": {"Max": DAILY_LIMIT, "Remaining": DAILY_LIMIT - org.requests}}

    @api.get("/query")
    @api.get("/query/")
    async def query(q: str = "") -> Json:
        found = _run(org, q)
        return {"totalSize": len(found), "done": True, "records": found}

    @api.get("/sobjects/{name}/describe")
    async def describe(name: str) -> Json:
        return {"name": name, "fields": [field.as_json() for field in org.fields(name).values()]}

    @api.post("/sobjects/{name}", status_code=201)
    @api.post("/sobjects/{name}/", status_code=201)
    async def create(name: str, request: Request) -> Json:
        values = await _body(request)
        async with records.lock:
            record = await org.write(name, None, values)
        await misfortune.after_write(request)
        return {"id": record.id, "success": True, "errors": []}

    @api.get("/sobjects/{name}/{record_id}")
    async def read(name: str, record_id: str) -> Json:
        return _shown(org.record(name, record_id))

    @api.patch("/sobjects/{name}/{record_id}", status_code=204)
    async def update(name: str, record_id: str, request: Request) -> None:
        values = await _body(request)
        async with records.lock:
            await org.write(name, org.record(name, record_id), values)
        await misfortune.after_write(request)

    @api.get("/sobjects/{name}/{field}/{value:path}")
    async def read_by_key(name: str, field: str, value: str) -> Json:
        if (found := org.find(name, field, value)) is None:
            raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return _shown(found)

    @api.patch("/sobjects/{name}/{field}/{value:path}")
    async def upsert(name: str, field: str, value: str, request: Request, response: Response) -> Json:
        values = await _body(request)
        if field in values:
            raise refusal(400, "INVALID_FIELD", f"The {field} field should not be specified in the sobject data.")
        async with records.lock:
            here = org.find(name, field, value)
            record = await org.write(name, here, {**values, **({} if here else {field: value})})
        await misfortune.after_write(request)
        response.status_code = 201 if here is None else 200
        return {"id": record.id, "success": True, "errors": [], "created": here is None}

    front = APIRouter()

    @front.post("/services/oauth2/token")
    async def log_in(request: Request) -> JSONResponse:
        if misfortune.strikes("unwell", request):
            raise Refusal(503, {"error": "temporarily_unavailable", "error_description": "try again"})
        form = parse_qs((await request.body()).decode())
        if form.get("grant_type") != ["client_credentials"]:
            return _no_login("unsupported_grant_type", "grant type not supported")
        key, secret = _client(request, form)
        if not key or secret not in world.options.api_keys:
            return _no_login("invalid_client", "invalid client credentials")
        token = f"00D5g00000SANDBOX!{secrets.token_urlsafe(24)}"
        org.sessions.add(token)
        instance = request.headers.get("x-original-host", "sandbox.my.salesforce.com")
        return JSONResponse({"access_token": token, "instance_url": f"https://{instance}", "token_type": "Bearer"})

    front.include_router(api)
    return front


def _run(org: Org, soql: str) -> list[Json]:
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
        rows = [_shown(record)] if record else []
    else:
        rows = [_shown(record) for record in org.records.of(name)]
    known = {"Id", "Email"} if name == "User" else {"Id", *FIELDS[name]}
    for column in {*wanted, *([field] if field else [])} - known:
        raise refusal(400, "INVALID_FIELD", f"No such column '{column}' on entity '{name}'.")
    if field:
        value = re.sub(r"\\(.)", r"\1", parts["value"])
        rows = [row for row in rows if str(row.get(field)).casefold() == value.casefold()]
    return [{"attributes": {"type": name}, **{column: row.get(column) for column in wanted}} for row in rows[:limit]]


def _shown(record: Record) -> Json:
    return {"attributes": {"type": record.object}, "Id": record.id, **record.properties}


async def _body(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refusal(400, "JSON_PARSER_ERROR", "The request body is no JSON object")
    return body


def _client(request: Request, form: Mapping[str, list[str]]) -> tuple[str, str]:
    """Consumer key and secret: by Basic authentication, or in the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return key, secret


def _no_login(error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, 400)
