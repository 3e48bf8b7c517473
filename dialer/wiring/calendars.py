"""Calendars that meetings are booked in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.settings import Settings

if TYPE_CHECKING:
    from dialer.followups.calendars.base import Calendar


def names(settings: Settings) -> tuple[str, ...]:
    """Names of the calendars that are configured, and of the built-in one."""
    v = settings.vendors
    configured = {
        "google": bool(v.google_calendar_credentials.get_secret_value()),
        "caldav": bool(v.caldav_url),
        "builtin": True,
    }
    return tuple(name for name, given in configured.items() if given)


def calendars(settings: Settings) -> Mapping[str, Calendar]:
    """The calendars that are configured, by name, and the built-in one, which always is; the first is the default."""
    from dialer.followups.calendars.builtin import BuiltIn

    v = settings.vendors
    configured = names(settings)
    built: dict[str, Calendar] = {}
    if "google" in configured:
        from dialer.followups.calendars.google import Google

        credentials = v.google_calendar_credentials.get_secret_value()
        key = credentials if credentials.lstrip().startswith("{") else Path(credentials).read_text(encoding="utf-8")
        built["google"] = Google(
            key, v.google_calendar_id, v.google_calendar_base_url, allow_private=v.calendars_allow_private
        )
    if "caldav" in configured:
        from dialer.followups.calendars.caldav import CalDav

        built["caldav"] = CalDav(
            v.caldav_url,
            v.caldav_username,
            v.caldav_password.get_secret_value(),
            zone=v.caldav_zone,
            allow_private=v.calendars_allow_private,
        )
    return {**built, "builtin": BuiltIn()}
