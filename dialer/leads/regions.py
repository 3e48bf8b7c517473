"""Countries and their states, as people write them, read into ISO 3166 codes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType

from dialer.leads.cells import folded

# Names that the time zone database's own list of countries (English, short) does not have.
_ALSO: Mapping[str, str] = MappingProxyType(
    {
        "usa": "US", "u s a": "US", "u s": "US", "united states of america": "US", "america": "US",
        "estados unidos": "US",
        "etats unis": "US", "vereinigte staaten": "US", "uk": "GB", "u k": "GB", "united kingdom": "GB", "gbr": "GB",
        "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
        "can": "CA", "kanada": "CA", "aus": "AU", "australien": "AU", "nzl": "NZ", "irl": "IE", "eire": "IE",
        "deu": "DE", "ger": "DE", "deutschland": "DE", "alemania": "DE", "allemagne": "DE", "germania": "DE",
        "aut": "AT", "osterreich": "AT", "che": "CH", "schweiz": "CH", "suisse": "CH", "svizzera": "CH",
        "fra": "FR", "frankreich": "FR", "francia": "FR", "esp": "ES", "espana": "ES", "spanien": "ES", "espagne": "ES",
        "ita": "IT", "italia": "IT", "italien": "IT", "italie": "IT", "nld": "NL", "nederland": "NL", "holland": "NL",
        "the netherlands": "NL", "niederlande": "NL", "bel": "BE", "belgie": "BE", "belgique": "BE", "belgien": "BE",
        "prt": "PT", "bra": "BR", "brasil": "BR", "mex": "MX", "dnk": "DK", "danmark": "DK",
        "swe": "SE",
        "sverige": "SE", "nor": "NO", "norge": "NO", "fin": "FI", "suomi": "FI", "pol": "PL", "polska": "PL",
        "polen": "PL",
        "cze": "CZ", "czechia": "CZ", "jpn": "JP", "ind": "IN", "chn": "CN", "zaf": "ZA", "south korea": "KR",
    }
)  # fmt: skip
_STATES_OF = frozenset({"US", "CA", "AU"})


@lru_cache(maxsize=1024)
def country(text: str) -> str | None:
    """Read a country's name or code; "" for an empty cell, None for what nobody knows."""
    name = folded(text)
    if not name:
        return ""
    return _countries().get(name)


@lru_cache(maxsize=4096)
def subdivision(text: str, country_code: str) -> str:
    """Read a state's name or code ("Florida", "fl", "US-FL"); "" if the country's law does not differ by state."""
    if country_code not in _STATES_OF:
        return ""
    name = folded(text).removeprefix(f"{country_code.lower()} ")
    return _states(country_code).get(name, "")


@cache
def _countries() -> Mapping[str, str]:
    lines = resources.files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8").splitlines()
    known = {}
    for line in lines:
        if not line.startswith("#"):
            code, _, name = line.partition("\t")
            known[folded(name)] = known[code.lower()] = code
    return {**known, **_ALSO}


@cache
def _states(country_code: str) -> Mapping[str, str]:
    """Names and codes of a country's states, from the holidays library. It is slow to import, so only when asked."""
    import holidays

    data = holidays.country_holidays(country_code)
    codes = {code.lower(): code for code in data.subdivisions}
    return codes | {folded(name): code for name, code in data.subdivisions_aliases.items()}
