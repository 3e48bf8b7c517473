"""A CalDAV server with one collection: GET, PUT, DELETE, PROPFIND and calendar-query.

Source: RFC 4791, RFC 4918.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from starlette.responses import Response

from dialer.sandbox.calendars.events import Event, Events
from dialer.sandbox.crm.misfortune import Misfortune

if TYPE_CHECKING:
    from dialer.sandbox.world import World

COLLECTION = "/calendars/sales"
_RANGE = re.compile(r'time-range[^>]*start="(\d{8}T\d{6}Z)"[^>]*end="(\d{8}T\d{6}Z)"')
_MULTISTATUS = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{}</D:multistatus>'
)
_RESPONSE = (
    "<D:response><D:href>{href}</D:href><D:propstat><D:prop>{prop}</D:prop>"
    "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
)


def router(world: World, events: Events, *, prefix: str) -> APIRouter:
    """The doors of the server, below `prefix`. Any of this world's keys is a password."""
    doors = APIRouter()
    fate = Misfortune(world.faults, "caldav")

    def turned_away(request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        password = base64.b64decode(token + "==").decode(errors="replace").partition(":")[2]
        if scheme != "Basic" or password not in world.options.api_keys:
            return Response(status_code=401, headers={"www-authenticate": 'Basic realm="calendars"'})
        if fate.strikes("rate_limited", request):
            return Response(status_code=429, headers={"retry-after": "2"})
        return Response(status_code=503) if fate.strikes("unwell", request) else None

    @doors.api_route(COLLECTION + "/", methods=["PROPFIND", "REPORT"])
    async def collection(request: Request) -> Response:
        if (refusal := turned_away(request)) is not None:
            return refusal
        if request.method == "PROPFIND":
            prop = "<D:displayname>Sales</D:displayname>"
            return _multistatus(_RESPONSE.format(href=f"{prefix}{COLLECTION}/", prop=prop))
        asked = _RANGE.search((await request.body()).decode())
        if asked is None:
            return Response(status_code=400)
        since, until = (datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for text in asked.groups())
        return _multistatus("".join(_entry(prefix, event) for event in events.within(since, until)))

    @doors.api_route(COLLECTION + "/{key}.ics", methods=["GET", "PUT", "DELETE"])
    async def resource(request: Request, key: str) -> Response:
        if (refusal := turned_away(request)) is not None:
            return refusal
        event = events.get(key)
        there = event is not None and not event.cancelled
        if request.method == "PUT":
            return await put(request, key, there=there)
        if event is None or not there:
            return Response(status_code=404)
        if request.method == "GET":
            return Response(event.content, media_type="text/calendar", headers={"etag": f'"{event.writes}"'})
        await events.write(key, event.starts_at, event.ends_at, event.content, status=204, cancelled=True)
        await fate.after_write(request)
        return Response(status_code=204)

    async def put(request: Request, key: str, *, there: bool) -> Response:
        if there and request.headers.get("if-none-match") == "*":
            return Response(status_code=412)
        content = (await request.body()).decode()
        try:
            starts_at, ends_at = _times(content)
        except ValueError:
            return Response("no event", status_code=403)
        status = 204 if there else 201
        await events.write(key, starts_at, ends_at, content, status=status)
        await fate.after_write(request)
        return Response(status_code=status)

    return doors


def _times(content: str) -> tuple[datetime, datetime]:
    """When the one event of an object is.

    Raises:
        ValueError: it is no iCalendar object with one event.
    """
    from icalendar import Calendar

    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event.decoded("DTSTART").astimezone(UTC), event.decoded("DTEND").astimezone(UTC)


def _entry(prefix: str, event: Event) -> str:
    prop = f"<C:calendar-data>{escape(event.content)}</C:calendar-data>"
    return _RESPONSE.format(href=f"{prefix}{COLLECTION}/{event.id}.ics", prop=prop)


def _multistatus(content: str) -> Response:
    return Response(_MULTISTATUS.format(content), status_code=207, media_type="application/xml")
