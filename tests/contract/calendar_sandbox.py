"""The sandbox's calendars on a free port of their own, and each of our adapters to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from dialer.followups.calendars.base import Calendar
from dialer.followups.calendars.caldav import CalDav
from dialer.followups.calendars.google import Google
from dialer.sandbox.calendars import mount
from dialer.sandbox.calendars.google import CALENDAR_ID
from dialer.supervisor.local_world import service_account
from tests.contract import sandbox_part
from tests.contract.sandbox_part import PartOfWorld

QUICK = httpx.Timeout(0.4)


@dataclass
class CalendarWorld(PartOfWorld):
    """As much of a world as its calendars touch."""

    def events(self, name: str) -> list[dict[str, Any]]:
        """What a calendar keeps."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/world/calendar/{name}", trust_env=False).json()["events"]
        return found

    def busy(self, name: str, key: str, starts_at: datetime, ends_at: datetime) -> None:
        """Let its owner have something else to do."""
        body = {"key": key, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        httpx.post(f"{self.url}/world/calendar/{name}", json=body, trust_env=False).raise_for_status()

    def writes(self, name: str) -> list[dict[str, Any]]:
        """The ledger's lines about a calendar."""
        return [line for line in self.ledger.lines(kind="calendar.write") if line["calendar"] == name]


def running(home: Path) -> AbstractContextManager[CalendarWorld]:
    """Serve the calendars."""
    return sandbox_part.running(CalendarWorld, mount, home)


def google(world: CalendarWorld, *, patient: bool = True) -> Calendar:
    """Our adapter to the sandbox's Google."""
    made = Google(service_account(world.url), CALENDAR_ID, f"{world.url}/google", allow_private=True)
    return made if patient else _hasty(made)


def caldav(world: CalendarWorld, *, patient: bool = True) -> Calendar:
    """Our adapter to the sandbox's CalDAV."""
    made = CalDav(f"{world.url}/caldav/calendars/sales", "sales", world.options.api_keys[0], allow_private=True)
    return made if patient else _hasty(made)


ADAPTERS: dict[str, Callable[..., Calendar]] = {"google": google, "caldav": caldav}


def _hasty(made: Any) -> Calendar:
    made._egress._client.timeout = QUICK
    calendar: Calendar = made
    return calendar
