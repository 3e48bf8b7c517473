"""Where the calendars join the world: /google, /caldav, and what they keep at /world/calendar."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException, Request

from dialer.sandbox.calendars import caldav, google
from dialer.sandbox.calendars.events import Events
from dialer.sandbox.crm.refusal import Refusal, answer

if TYPE_CHECKING:
    from dialer.sandbox.world import World


def mount(app: FastAPI, world: World) -> None:
    """Put both calendars into `app`, with everything that the world's ledger says was written to them."""
    kept = {name: Events(world.ledger, name) for name in ("google", "caldav")}
    app.add_exception_handler(Refusal, answer)
    app.include_router(google.router(world, kept["google"]), prefix="/google")
    app.include_router(caldav.router(world, kept["caldav"], prefix="/caldav"), prefix="/caldav")

    @app.get("/world/calendar/{calendar}")
    async def list_events(calendar: str) -> dict[str, Any]:
        """List every event of one calendar."""
        return {"events": [event.as_json() for event in _of(kept, calendar).all()]}

    @app.post("/world/calendar/{calendar}", status_code=201)
    async def add_event(calendar: str, request: Request) -> dict[str, Any]:
        """Let the calendar's owner be busy: {"key", "starts_at", "ends_at"}."""
        body = await request.json()
        starts_at, ends_at = (datetime.fromisoformat(body[edge]) for edge in ("starts_at", "ends_at"))
        content = {"summary": "Busy"} if calendar == "google" else _busy(body["key"], starts_at, ends_at)
        event = await _of(kept, calendar).write(body["key"], starts_at, ends_at, content, status=201)
        return event.as_json()


def _of(kept: dict[str, Events], calendar: str) -> Events:
    if calendar not in kept:
        raise HTTPException(404, f"There is no calendar {calendar}; there are {sorted(kept)}.")
    return kept[calendar]


def _busy(key: str, starts_at: datetime, ends_at: datetime) -> str:
    times = "\r\n".join(f"{name}:{at:%Y%m%dT%H%M%SZ}" for name, at in (("DTSTART", starts_at), ("DTEND", ends_at)))
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//sandbox//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{key}\r\nDTSTAMP:{starts_at:%Y%m%dT%H%M%SZ}\r\n{times}\r\nSUMMARY:Busy\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
