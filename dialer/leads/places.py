"""Where a lead is, as far as calling hours care: country, state, and every time zone the person may be in.

A place is stored as one string, "US-FL|America/New_York,America/Chicago", so that leads which share their calling hours
share an index key: the claim asks once per place, not once per lead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A jurisdiction and its candidate zones. `subdivision` is "" when unknown; no zone means: not dialable."""

    country: str
    subdivision: str
    zones: tuple[str, ...]

    def __str__(self) -> str:
        jurisdiction = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
        return f"{jurisdiction}|{','.join(self.zones)}"


def place(country: str, zones: tuple[str, ...] | list[str], subdivision: str = "") -> Place:
    """Make a place: zones sorted, without repetition. Country and subdivision are ISO 3166 codes."""
    return Place(country.upper(), subdivision.upper(), tuple(sorted(set(zones))))


def parse(text: str) -> Place:
    """Read back what `str(place)` wrote."""
    jurisdiction, _, zones = text.partition("|")
    country, _, subdivision = jurisdiction.partition("-")
    return Place(country, subdivision, tuple(zone for zone in zones.split(",") if zone))
