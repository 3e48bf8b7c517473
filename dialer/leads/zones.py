"""Time zones as people write them: names of the database, abbreviations, offsets, and the words for US zones."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from zoneinfo import ZoneInfo, available_timezones

_WINTER_AND_SUMMER = (datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 7, 15, 12, tzinfo=UTC))
_MONTHS = tuple(datetime(2026, month, day, 12, tzinfo=UTC) for month in range(1, 13) for day in (1, 12, 26))
_OFFSET = re.compile(r"^\(?(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?\)?$", re.IGNORECASE)
_ABBREVIATION = re.compile(r"^[A-Z]{2,5}$")
# A generic abbreviation or word stands for both of these, in North America.
_GENERIC: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ET": ("EST", "EDT"), "CT": ("CST", "CDT"), "MT": ("MST", "MDT"), "PT": ("PST", "PDT"),
        "EASTERN": ("EST", "EDT"), "CENTRAL": ("CST", "CDT"), "MOUNTAIN": ("MST", "MDT"), "PACIFIC": ("PST", "PDT"),
        "ALASKA": ("AKST", "AKDT"), "HAWAII": ("HST",), "ATLANTIC": ("AST", "ADT"), "AET": ("AEST", "AEDT"),
        "ACT": ("ACST", "ACDT"), "AWT": ("AWST",), "BST": ("BST",), "UK": ("GMT", "BST"),
    }
)  # fmt: skip
_FILLERS = frozenset(["TIME", "STANDARD", "DAYLIGHT", "US", "CANADA", "AND", "USA", "ZONE"])


@lru_cache(maxsize=4096)
def read(text: str, country: str, candidates: tuple[str, ...]) -> tuple[str, ...] | None:
    """Read a cell as the zones that it may mean.

    An abbreviation means every zone of the number, else of its country, whose clocks go by that name in winter or in
    summer: "MST" in the US is Denver and Phoenix, "EST" in Australia is Sydney's and Brisbane's only if clocks there
    said so. What is left ambiguous stays so, and the lead is called only when all of them allow it.

    Args:
        text: a cleaned cell.
        country: ISO country of the number.
        candidates: zones of the number.

    Returns:
        Names of the time zone database; () for an empty cell, None if it cannot be read.
    """
    if not text:
        return ()
    if name := _names().get(text.replace(" ", "_").lower()):
        return (name,)
    if match := _OFFSET.match(text):
        return _fixed(match[1], int(match[2]), int(match[3] or 0))
    words = [word for word in re.findall(r"[A-Z]+", re.sub(r"\(.*?\)", " ", text.upper())) if word not in _FILLERS]
    if len(words) != 1:
        return None
    if words[0] in ("UTC", "Z", "ZULU"):
        return ("Etc/UTC",)
    called = frozenset(_GENERIC.get(words[0], (words[0],)))
    if not all(_ABBREVIATION.match(name) for name in called):
        return None
    return _going_by(called, candidates) or _going_by(called, _of_country().get(country, ())) or None


@lru_cache(maxsize=4096)
def settle(explicit: tuple[str, ...], candidates: tuple[str, ...]) -> tuple[str, ...]:
    """Return the zones that count when a column and the number both speak.

    A column that agrees with the number narrows it down. One that contradicts it does not replace it: all are kept,
    and the lead is called only when every one of them allows it.
    """
    clocks = {_clock(zone) for zone in candidates}
    if not candidates or all(_clock(zone) in clocks for zone in explicit):
        return explicit
    return tuple(sorted({*explicit, *candidates}))


def _going_by(called: frozenset[str], zones: Iterable[str]) -> tuple[str, ...]:
    """Return those of the zones whose clocks go by one of the names, one for each way of running through the year."""
    found: dict[tuple[object, ...], str] = {}
    for zone in zones:
        names = {moment.astimezone(ZoneInfo(zone)).tzname() for moment in _WINTER_AND_SUMMER}
        if names & called:
            found.setdefault(_clock(zone), zone)
    return tuple(sorted(found.values()))


@lru_cache(maxsize=1024)
def _clock(zone: str) -> tuple[object, ...]:
    """What the clocks of a zone show through a year: zones that agree in it have the same calling hours."""
    return tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in _MONTHS)


def _fixed(sign: str, hours: int, minutes: int) -> tuple[str, ...] | None:
    name = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"  # POSIX counts west of Greenwich as positive
    return (name,) if minutes == 0 and name.lower() in _names() else None


@cache
def _names() -> Mapping[str, str]:
    """Zone names by their lower case. Names without a slash are abbreviations, whose meaning depends on the country."""
    return {name.lower(): name for name in available_timezones() if "/" in name and not name.startswith("posix")}


@cache
def _of_country() -> Mapping[str, tuple[str, ...]]:
    """Zones by country, the most populous of each kind first, as the database lists them."""
    zones: defaultdict[str, list[str]] = defaultdict(list)
    lines = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            zones[code].append(name)
    return {code: tuple(names) for code, names in zones.items()}
