"""Phone numbers as people write them, read into E.164, or refused with the reason. Nothing is ever guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, shortnumberinfo, timezone

from dialer.errors import BadInput
from dialer.leads.cells import ascii_digits

UNKNOWN_ZONE = "Etc/Unknown"
ZONE_PREFIX_DIGITS = 9
"""The longest prefix, country code included, by which the numbering plan's data tells zones apart."""
ZONE_PREFIXES_KEPT = 1 << 16
OFFICES_KEPT = 1 << 16
EMERGENCY = frozenset({"000", "110", "111", "112", "113", "117", "118", "119", "911", "988", "997", "998", "999"})
"""Emergency numbers of any country: refused whatever the region is."""
SHORT_DIGITS = 6


class Refusal(StrEnum):
    """Why a cell is no number that may be called."""

    EMPTY = "no phone number"
    NOT_A_NUMBER = "not a phone number"
    LOST_DIGITS = "number has lost digits"
    SEVERAL = "more than one number"
    NO_PLUS = "country code without +"
    INVALID = "invalid number"
    EMERGENCY = "emergency number"
    SHORT = "short number"
    PREMIUM = "premium-rate number"
    SHARED_COST = "shared-cost number"
    TOLL_FREE = "toll-free number"
    PERSONAL = "personal number"
    PAGER = "pager"
    UAN = "company-wide number"
    VOICEMAIL = "voicemail access number"


REFUSED_TYPES: Mapping[int, Refusal] = MappingProxyType(
    {
        PhoneNumberType.PREMIUM_RATE: Refusal.PREMIUM,
        PhoneNumberType.SHARED_COST: Refusal.SHARED_COST,
        PhoneNumberType.TOLL_FREE: Refusal.TOLL_FREE,
        PhoneNumberType.PERSONAL_NUMBER: Refusal.PERSONAL,
        PhoneNumberType.PAGER: Refusal.PAGER,
        PhoneNumberType.UAN: Refusal.UAN,
        PhoneNumberType.VOICEMAIL: Refusal.VOICEMAIL,
        PhoneNumberType.UNKNOWN: Refusal.INVALID,
    }
)

_zones_by_prefix: dict[tuple[str, int], tuple[str, ...]] = {}
_NANP_REGIONS = frozenset({"US", "CA"})
_NANP = re.compile(r"^(\+1|1)?[ .-]?\(?([2-9]\d{2})\)?[ .-]{0,2}(\d{3})[ .-]?(\d{4})$", re.ASCII)
_SCIENTIFIC = re.compile(r"^\+?(\d+)(?:[.,](\d+))?[eE]\+?(\d{1,3})$", re.ASCII)
_POINT_ZERO = re.compile(r"^(\+?\d{5,15})[.,]0{1,2}$", re.ASCII)
_THOUSANDS = re.compile(r"^\+?\d{1,3}(?:,\d{3}){2,4}$", re.ASCII)
_BETWEEN_NUMBERS = re.compile(r"[;/|\n,&]|\s(?:or|and|oder|und|ou|et|y|o)\s", re.IGNORECASE)
_NOT_DIGITS = re.compile(r"\D", re.ASCII)
_FULL_NUMBER_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Number:
    """A number that may be called, as far as its kind goes."""

    e164: str
    region: str
    """ISO country whose number it is."""
    zones: tuple[str, ...]
    """Every time zone that the numbering plan allows; empty when it knows none."""
    extension: str = ""


def known_region(region: str) -> str:
    """Return the ISO country in capitals.

    Raises:
        BadInput: no numbering plan is known for it.
    """
    code = {"UK": "GB"}.get(region.strip().upper(), region.strip().upper())
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(f'There is no region "{region}": give a country as ISO 3166 writes it, such as US or GB.')
    return code


def read(cell: str, region: str) -> Number | Refusal:
    """Read a cell (cleaned by `cells.clean`) as a number dialed from `region`, an ISO country in capitals."""
    if (match := _NANP.match(cell)) and (match[1] == "+1" or region in _NANP_REGIONS):
        office = _office(match[2] + match[3])
        if office is None:
            return _judge(PhoneNumber(country_code=1, national_number=int(match[2] + match[3] + match[4])))
        return office if isinstance(office, Refusal) else Number(f"+1{match[2]}{match[3]}{match[4]}", *office)
    text = ascii_digits(cell)
    if not text:
        return Refusal.EMPTY
    if isinstance(plain := _plain(text), Refusal):
        return plain
    if phonenumbers.is_alpha_number(plain):  # "212555 ask Bob" would be read as digits too
        return Refusal.NOT_A_NUMBER
    digits = _NOT_DIGITS.sub("", plain)
    if len(digits) <= SHORT_DIGITS:
        return _short(digits, region)
    return _parsed(plain, digits, region)


def _plain(text: str) -> str | Refusal:
    """Undo what spreadsheets do to numbers, as long as every digit is still there."""
    if match := _SCIENTIFIC.match(text):
        whole, fraction, exponent = match[1], match[2] or "", int(match[3])
        if exponent > len(fraction):
            return Refusal.LOST_DIGITS
        if fraction[exponent:].strip("0"):
            return Refusal.NOT_A_NUMBER
        return whole + fraction[:exponent]
    if match := _POINT_ZERO.match(text):
        return match[1]
    if _THOUSANDS.match(text):
        return text.replace(",", "")
    parts = [len(_NOT_DIGITS.sub("", part)) for part in _BETWEEN_NUMBERS.split(text)]
    if sum(digits >= _FULL_NUMBER_DIGITS for digits in parts) > 1:
        return Refusal.SEVERAL
    return text


def _short(digits: str, region: str) -> Refusal:
    if not digits:
        return Refusal.NOT_A_NUMBER
    if digits in EMERGENCY or shortnumberinfo.is_emergency_number(digits, region):
        return Refusal.EMERGENCY
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException:
        return Refusal.INVALID
    short = shortnumberinfo.is_possible_short_number_for_region(number, region)
    return Refusal.SHORT if short else Refusal.INVALID


def _parsed(plain: str, digits: str, region: str) -> Number | Refusal:
    first: Number | Refusal
    try:
        first = _judge(phonenumbers.parse(plain, region))
    except NumberParseException:
        first = Refusal.NOT_A_NUMBER
    if isinstance(first, Number) or first not in (Refusal.INVALID, Refusal.NOT_A_NUMBER) or "+" in plain:
        return first
    if plain.startswith("00"):  # the international prefix of most countries, written where it is another
        abroad = _abroad(plain[2:])
        return first if abroad is Refusal.INVALID else abroad
    if first is Refusal.INVALID and len(digits) > 10 and isinstance(_abroad(digits), Number):
        return Refusal.NO_PLUS
    return first


def _abroad(digits: str) -> Number | Refusal:
    try:
        return _judge(phonenumbers.parse(f"+{digits}"))
    except NumberParseException:
        return Refusal.INVALID


def _judge(number: PhoneNumber) -> Number | Refusal:
    kind = phonenumbers.number_type(number)
    if refusal := REFUSED_TYPES.get(kind):
        return refusal
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    region = phonenumbers.region_code_for_number(number) or ""
    return Number(e164, region, _zones(e164, kind, number), number.extension or "")


@lru_cache(maxsize=OFFICES_KEPT)
def _office(prefix: str) -> tuple[str, tuple[str, ...]] | Refusal | None:
    """Judge all numbers of a North American exchange, by its area code and three digits: their region and zones.

    In the United States and Canada no rule looks at the last four digits (a test reads the plan's patterns), and a list
    of leads has few exchanges: this makes its numbers ten times cheaper. None: each number has to be judged by itself.
    """
    number = PhoneNumber(country_code=1, national_number=int(prefix + "0000"))
    if phonenumbers.region_code_for_number(number) not in _NANP_REGIONS:
        return None
    judged = _judge(number)
    return judged if isinstance(judged, Refusal) else (judged.region, judged.zones)


def _zones(e164: str, kind: int, number: PhoneNumber) -> tuple[str, ...]:
    """Return the zones of a number. They depend on its first digits and its kind only, and are remembered by these."""
    key = (e164[: 1 + ZONE_PREFIX_DIGITS], kind)
    known = _zones_by_prefix.get(key)
    if known is None:
        if len(_zones_by_prefix) >= ZONE_PREFIXES_KEPT:
            _zones_by_prefix.clear()
        known = tuple(zone for zone in timezone.time_zones_for_number(number) if zone != UNKNOWN_ZONE)
        _zones_by_prefix[key] = known
    return known
