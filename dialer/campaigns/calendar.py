"""When a lead may be called: weekly windows in the person's own time, in every zone that the person may be in.

The only place where local time exists. Where clocks change, a window opens at the later and closes at the earlier of
the readings that its local time has, so that a doubtful minute counts as closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.errors import BadInput
from dialer.leads.places import Place

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 15
"""How far ahead an opening is looked for: any weekly window comes round within it."""

Interval = tuple[datetime, datetime]
_PART = re.compile(r"^([a-z]{3})(?:-([a-z]{3}))?\s+(.+)$")
_HOURS = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly windows (minutes of the local day, by weekday) and the first and last local day."""

    week: tuple[tuple[tuple[int, int], ...], ...]
    starts_on: date | None = None
    ends_on: date | None = None

    def is_open(self, place: Place, at: datetime, *, margin: timedelta = timedelta()) -> bool:
        """Whether a call placed at `at` falls into a window that stays open for `margin`. No known zone: never."""
        closing = self.closes_at(place, at)
        return closing is not None and at + margin < closing

    def closes_at(self, place: Place, at: datetime) -> datetime | None:
        """When the window that is open at `at` closes; None if none is open."""
        for start, end in _open(self, place, at.astimezone(UTC).date()):
            if start <= at < end:
                return end
        return None

    def next_open(self, place: Place, at: datetime, *, margin: timedelta = timedelta()) -> datetime | None:
        """The next moment, `at` included, at which a window is open for `margin`; None within 15 days."""
        for start, end in _open(self, place, at.astimezone(UTC).date()):
            if at + margin < end and start + margin < end:
                return max(at, start)
        return None


def calendar(
    windows: Mapping[str, Sequence[Sequence[str]]], starts_on: date | None = None, ends_on: date | None = None
) -> Calendar:
    """Read windows as a campaign stores them: {"mon": [["09:00", "17:00"]], …}. "24:00" is the day's end.

    Raises:
        BadInput: an unknown day, an unreadable time, or a window that ends before it starts.
    """
    if unknown := set(windows) - set(DAYS):
        raise BadInput(f"Unknown day {sorted(unknown)}: days are {', '.join(DAYS)}.")
    week = []
    for day in DAYS:
        hours = []
        for window in windows.get(day, ()):
            match = _HOURS.match("-".join(window))
            if match is None:
                raise BadInput(f'{day}: "{"-".join(window)}" is no window; write it as 09:00-17:00.')
            hour, minute, to_hour, to_minute = (int(part) for part in match.groups())
            start, end = hour * 60 + minute, to_hour * 60 + to_minute
            if minute > 59 or to_minute > 59 or not 0 <= start < end <= 24 * 60:
                raise BadInput(f"{day}: {'-'.join(window)} must start before it ends, within one day.")
            hours.append((start, end))
        week.append(tuple(sorted(hours)))
    if not any(week):
        raise BadInput("The campaign has no calling window: give at least one, such as mon-fri 09:00-17:00.")
    if starts_on and ends_on and ends_on < starts_on:
        raise BadInput(f"The last day {ends_on} is before the first day {starts_on}.")
    return Calendar(tuple(week), starts_on, ends_on)


def parse_windows(text: str) -> dict[str, list[list[str]]]:
    """Read "mon-fri 09:00-12:00,13:00-17:00; sat 10:00-14:00" into the form that a campaign stores.

    Raises:
        BadInput: what cannot be read, and how to write it.
    """
    windows: dict[str, list[list[str]]] = {}
    for part in filter(None, (piece.strip().lower() for piece in text.split(";"))):
        match = _PART.match(part)
        if match is None or match[1] not in DAYS or (match[2] or match[1]) not in DAYS:
            raise BadInput(f'"{part}" is no window; write it as mon-fri 09:00-17:00.')
        first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
        for day in DAYS[first : last + 1] if first <= last else DAYS[first:] + DAYS[: last + 1]:
            windows.setdefault(day, []).extend(hours.strip().split("-") for hours in match[3].split(","))
    calendar(windows)
    return windows


@lru_cache(maxsize=4096)
def _open(rules: Calendar, place: Place, around: date) -> tuple[Interval, ...]:
    """Moments from two days before `around` at which every zone of the place is within a window, in order."""
    common: list[Interval] | None = None
    for name in place.zones:
        hours = _in_zone(rules, name, around)
        common = hours if common is None else _both(common, hours)
    return tuple(common or ())


def _in_zone(rules: Calendar, name: str, around: date) -> list[Interval]:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return []
    found: list[Interval] = []
    for offset in range(-2, HORIZON_DAYS + 1):
        day = around + timedelta(days=offset)
        if (rules.starts_on and day < rules.starts_on) or (rules.ends_on and day > rules.ends_on):
            continue
        for start, end in rules.week[day.weekday()]:
            opens, closes = max(_readings(day, start, zone)), min(_readings(day, end, zone))
            if opens < closes and found and found[-1][1] >= opens:
                found[-1] = (found[-1][0], max(found[-1][1], closes))
            elif opens < closes:
                found.append((opens, closes))
    return found


def _readings(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    moment = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return moment.replace(fold=0).astimezone(UTC), moment.replace(fold=1).astimezone(UTC)


def _both(left: list[Interval], right: list[Interval]) -> list[Interval]:
    both = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return both
