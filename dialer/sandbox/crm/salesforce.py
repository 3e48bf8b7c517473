"""Salesforce's REST interface to an org, log-in by client credentials included."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dialer.sandbox.crm import salesforce_org
from dialer.sandbox.crm.misfortune import Misfortune
from dialer.sandbox.crm.records import Records
from dialer.sandbox.crm.refusal import Refusal
from dialer.sandbox.crm.refusal import salesforce as refusal
from dialer.sandbox.crm.salesforce_org import Json, Org
from dialer.sandbox.routing import json_object, route

if TYPE_CHECKING:
    from dialer.sandbox.world import World

DAILY_LIMIT = 100_000
PREFIX = "/services/data/v{version}"


class Api:
    """What the org answers."""

    def __init__(self, world: World, records: Records) -> None:
        self._world, self._records = world, records
        self._org, self._misfortune = Org(records, world.faults), Misfortune(world.faults, "salesforce")

    async def admit(self, request: Request, response: Response) -> None:
        """Turn away who has no session, and whom misfortune strikes; count the request."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._misfortune.strikes("session_over", request):
            self._org.sessions.discard(token)
        if token not in self._org.sessions:
            raise refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self._org.requests += 1
        response.headers["Sforce-Limit-Info"] = f"api-usage={self._org.requests}/{DAILY_LIMIT}"
        if self._misfortune.strikes("rate_limited", request) or self._org.requests > DAILY_LIMIT:
            raise refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if self._misfortune.strikes("unwell", request):
            raise refusal(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable.")
        if self._misfortune.strikes("row_locked", request):
            raise refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")

    async def limits(self) -> Json:
        """Say how many requests are left."""
        return {"DailyApiRequests": {"Max": DAILY_LIMIT, "Remaining": DAILY_LIMIT - self._org.requests}}

    async def query(self, q: str = "") -> Json:
        """Answer a question in SOQL."""
        found = salesforce_org.query(self._org, q)
        return {"totalSize": len(found), "done": True, "records": found}

    async def describe(self, name: str) -> Json:
        """List the fields of an object."""
        return {"name": name, "fields": [field.as_json() for field in self._org.fields(name).values()]}

    async def create(self, name: str, request: Request) -> Json:
        """Create a record."""
        values = await _body(request)
        async with self._records.lock:
            record = await self._org.write(name, None, values)
        await self._misfortune.after_write(request)
        return {"id": record.id, "success": True, "errors": []}

    async def read(self, name: str, record_id: str) -> Json:
        """Show a record."""
        return salesforce_org.shown(self._org.record(name, record_id))

    async def update(self, name: str, record_id: str, request: Request) -> None:
        """Change a record."""
        values = await _body(request)
        async with self._records.lock:
            await self._org.write(name, self._org.record(name, record_id), values)
        await self._misfortune.after_write(request)

    async def read_by_key(self, name: str, field: str, value: str) -> Json:
        """Show the record with this value of an external id field."""
        if (found := self._org.find(name, field, value)) is None:
            raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return salesforce_org.shown(found)

    async def upsert(self, name: str, field: str, value: str, request: Request, response: Response) -> Json:
        """Create the record with this value of an external id field, or change it."""
        values = await _body(request)
        if field in values:
            raise refusal(400, "INVALID_FIELD", f"The {field} field should not be specified in the sobject data.")
        async with self._records.lock:
            here = self._org.find(name, field, value)
            if here is None and self._misfortune.strikes("raced", request):  # somebody else was faster by a hair
                made = await self._org.write(name, None, {**values, field: value})
                raise refusal(400, "DUPLICATE_VALUE", f"duplicate value found: {field} on record {made.id}")
            record = await self._org.write(name, here, {**values, **({} if here else {field: value})})
        await self._misfortune.after_write(request)
        response.status_code = 201 if here is None else 200
        return {"id": record.id, "success": True, "errors": [], "created": here is None}

    async def log_in(self, request: Request) -> JSONResponse:
        """Give a token for a key and its secret."""
        if self._misfortune.strikes("unwell", request):
            raise Refusal(503, {"error": "temporarily_unavailable", "error_description": "try again"})
        form = parse_qs((await request.body()).decode())
        if form.get("grant_type") != ["client_credentials"]:
            return _no_login("unsupported_grant_type", "grant type not supported")
        key, secret = _client(request, form)
        if not key or secret not in self._world.options.api_keys:
            return _no_login("invalid_client", "invalid client credentials")
        token = f"00D5g00000SANDBOX!{secrets.token_urlsafe(24)}"
        self._org.sessions.add(token)
        instance = request.headers.get("x-original-host", "sandbox.my.salesforce.com")
        return JSONResponse({"access_token": token, "instance_url": f"https://{instance}", "token_type": "Bearer"})


def router(world: World, records: Records) -> APIRouter:
    """The org's API, log-in included."""
    api = Api(world, records)
    routes = APIRouter(prefix=PREFIX, dependencies=[Depends(api.admit)])
    route(
        routes,
        ("GET", "/limits", api.limits, 200),
        ("GET", "/query", api.query, 200),
        ("GET", "/query/", api.query, 200),
        ("GET", "/sobjects/{name}/describe", api.describe, 200),
        ("POST", "/sobjects/{name}", api.create, 201),
        ("POST", "/sobjects/{name}/", api.create, 201),
        ("GET", "/sobjects/{name}/{record_id}", api.read, 200),
        ("PATCH", "/sobjects/{name}/{record_id}", api.update, 204),
        ("GET", "/sobjects/{name}/{field}/{value:path}", api.read_by_key, 200),
        ("PATCH", "/sobjects/{name}/{field}/{value:path}", api.upsert, 200),
    )
    front = APIRouter()
    front.add_api_route("/services/oauth2/token", api.log_in, methods=["POST"])
    front.include_router(routes)
    return front


async def _body(request: Request) -> Json:
    if (body := await json_object(request)) is None:
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
