"""Google Calendar's REST interface, version 3, as far as bookings need it, and the token that it wants.

A token is given for any assertion that is well made; this world knows no service account's public key.

Source: the API's discovery document, calendar:v3.
"""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from dialer.sandbox.calendars.events import Event, Events
from dialer.sandbox.crm.misfortune import Misfortune
from dialer.sandbox.crm.refusal import Refusal
from dialer.sandbox.routing import route

if TYPE_CHECKING:
    from dialer.sandbox.world import World

_ID = re.compile(r"[a-v0-9]{5,1024}")
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CALENDAR_ID = "sales@sandbox.example"


class Api:
    """What Google Calendar answers; one calendar is behind it."""

    def __init__(self, world: World, events: Events) -> None:
        self._events, self._fate = events, Misfortune(world.faults, "google")
        self._tokens: set[str] = set()

    async def token(self, request: Request) -> dict[str, Any]:
        """Give a token for an assertion."""
        form = await request.form()
        try:
            claims = jwt.decode(str(form.get("assertion", "")), options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise Refusal(400, {"error": "invalid_grant", "error_description": str(error)}) from error
        if form.get("grant_type") != _GRANT or "calendar" not in claims.get("scope", ""):
            raise Refusal(400, {"error": "invalid_request"})
        if claims.get("exp", 0) < time.time():
            raise Refusal(400, {"error": "invalid_grant"})
        given = secrets.token_urlsafe(24)
        self._tokens.add(given)
        return {"access_token": given, "expires_in": 3600, "token_type": "Bearer"}

    async def describe(self, request: Request, calendar_id: str) -> dict[str, Any]:
        """Show the calendar."""
        self._enter(request, calendar_id)
        return {"kind": "calendar#calendar", "id": calendar_id, "summary": "Sales"}

    async def free_busy(self, request: Request) -> dict[str, Any]:
        """Say when its owner has something to do."""
        self._enter(request)
        body = await request.json()
        found = self._events.within(_moment(body["timeMin"]), _moment(body["timeMax"]))
        busy = [{"start": _written(event.starts_at), "end": _written(event.ends_at)} for event in found]
        unknown = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
        asked = [item["id"] for item in body["items"]]
        return {
            "kind": "calendar#freeBusy",
            "calendars": {each: {"busy": busy} if each == CALENDAR_ID else unknown for each in asked},
        }

    async def get(self, request: Request, calendar_id: str, event_id: str) -> dict[str, Any]:
        """Show an event."""
        self._enter(request, calendar_id)
        return _resource(_known(self._events, event_id))

    async def insert(self, request: Request, calendar_id: str) -> Response:
        """Write down an event that is not there yet."""
        self._enter(request, calendar_id)
        body = await request.json()
        event_id = str(body.get("id") or secrets.token_hex(16))
        if not _ID.fullmatch(event_id):
            raise _refusal(400, "invalid", "Invalid resource id value.")
        if self._events.get(event_id) is not None:
            raise _refusal(409, "duplicate", "The requested identifier already exists.")
        event = await self._events.write(event_id, *_times(body), body, status=200)
        await self._fate.after_write(request)
        return JSONResponse(_resource(event))

    async def update(self, request: Request, calendar_id: str, event_id: str) -> Response:
        """Change an event."""
        self._enter(request, calendar_id)
        _known(self._events, event_id)
        body = await request.json()
        event = await self._events.write(event_id, *_times(body), body, status=200)
        await self._fate.after_write(request)
        return JSONResponse(_resource(event))

    async def delete(self, request: Request, calendar_id: str, event_id: str) -> Response:
        """Cancel an event."""
        self._enter(request, calendar_id)
        event = _known(self._events, event_id)
        if event.cancelled:
            raise _refusal(410, "deleted", "Resource has been deleted")
        await self._events.write(event.id, event.starts_at, event.ends_at, event.content, status=204, cancelled=True)
        await self._fate.after_write(request)
        return Response(status_code=204)

    def _enter(self, request: Request, calendar_id: str = CALENDAR_ID) -> None:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            raise _refusal(401, "authError", "Invalid Credentials")
        if self._fate.strikes("rate_limited", request):
            raise _refusal(403, "rateLimitExceeded", "Rate Limit Exceeded")
        if self._fate.strikes("unwell", request):
            raise _refusal(503, "backendError", "Backend Error")
        if calendar_id != CALENDAR_ID:
            raise _refusal(404, "notFound", "Not Found")


def router(world: World, events: Events) -> APIRouter:
    """The doors of Google Calendar."""
    api = Api(world, events)
    doors = APIRouter()
    route(
        doors,
        ("POST", "/token", api.token, 200),
        ("GET", "/calendar/v3/calendars/{calendar_id}", api.describe, 200),
        ("POST", "/calendar/v3/freeBusy", api.free_busy, 200),
        ("GET", "/calendar/v3/calendars/{calendar_id}/events/{event_id}", api.get, 200),
        ("POST", "/calendar/v3/calendars/{calendar_id}/events", api.insert, 200),
        ("PUT", "/calendar/v3/calendars/{calendar_id}/events/{event_id}", api.update, 200),
        ("DELETE", "/calendar/v3/calendars/{calendar_id}/events/{event_id}", api.delete, 200),
    )
    return doors


def _known(events: Events, event_id: str) -> Event:
    event = events.get(event_id)
    if event is None:
        raise _refusal(404, "notFound", "Not Found")
    return event


def _times(body: dict[str, Any]) -> tuple[datetime, datetime]:
    try:
        starts_at, ends_at = (_moment(body[edge]["dateTime"]) for edge in ("start", "end"))
    except (KeyError, TypeError, ValueError) as error:
        raise _refusal(400, "required", "Missing start or end time.") from error
    if ends_at <= starts_at:
        raise _refusal(400, "timeRangeEmpty", "The specified time range is empty.")
    return starts_at, ends_at


def _resource(event: Event) -> dict[str, Any]:
    status = "cancelled" if event.cancelled else "confirmed"
    return {"kind": "calendar#event", **event.content, "id": event.id, "status": status}


def _refusal(status: int, reason: str, message: str) -> Refusal:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return Refusal(status, {"error": {"code": status, "message": message, "errors": errors}})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _written(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
