"""A list of leads as people really have them: the same seed and size always give the same file.

Numbers are from ranges kept for fiction that `phonenumbers` takes for valid: 555-01xx in US area codes, Ofcom's
020 7946 0xxx, ACMA's 0491 57x xxx and Arcep's 01 99 00.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

HEADER = (
    "Full name",
    "Firma",
    "Mobile No.",
    "E-Mail",
    "Time zone",
    "Consent",
    "Consent evidence",
    "Consent date",
    "Notes",
)
DELIMITER = ";"

_AREA_CODES = (
    *("201", "202", "206", "212", "213", "214", "215", "216", "303", "305", "312", "313", "314", "404", "408", "412"),
    *("415", "502", "503", "504", "512", "513", "516", "602", "612", "614", "615", "617", "619", "646", "702", "704"),
    *("713", "716", "718", "801", "804", "813", "816", "817", "818", "832", "901", "904", "913", "914", "916", "919"),
)
_AUSTRALIAN = (
    *("491570006", "491570110", "491570156", "491570157", "491570158", "491570159", "491570313", "491570737"),
    *("491571266", "491571491", "491571804", "491572549", "491572665", "491572983", "491573087", "491573770"),
    *("491574118", "491574632", "491575254", "491575789", "491576398", "491576801", "491577426", "491577644"),
    *("491578148", "491578888", "491578957", "491579212", "491579455", "491579760"),
)
_FIRST = (
    *(
        "Ada",
        "Ben",
        "Chloé",
        "Dmitri",
        "Eve",
        "Farid",
        "Grace",
        "Hugo",
        "Inés",
        "Jack",
        "Kira",
        "Liam",
        "Mónica",
        "Noah",
    ),
    *("Olga", "Priya", "Quinn", "Rosa", "Søren", "Tess", "Umar", "Vera", "Will", "Ximena", "Yusuf", "Zoë"),
)
_LAST = (
    *("Adams", "Brown", "Costa", "Dvořák", "Evans", "Fischer", "García", "Hughes", "Ito", "Jones", "Khan", "Larsen"),
    *("Müller", "Nguyen", "O'Brien", "Patel", "Quist", "Rossi", "Smith", "Tanaka", "Usman", "Varga", "Wright", "Young"),
)
_COMPANIES = (
    "Birch & Co",
    "Harbour Foods",
    "Kestrel; Sons",
    'The "Mill" Ltd',
    "Ostrava Glass",
    "Pine Street Dental",
    "",
)

Phone = tuple[str, str]
"""Country code and national digits."""


def write(path: Path, *, rows: int, seed: int) -> Path:
    """Write a file of `rows` data rows: UTF-8 with a byte order mark, semicolons, CRLF, as a spreadsheet exports it."""
    text = StringIO()
    writer = csv.writer(text, delimiter=DELIMITER, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(_rows(rows, random.Random(seed)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    return path


def _rows(count: int, dice: random.Random) -> Iterator[tuple[str, ...]]:
    """About one row in seven has no number to call, or one that is there already; one in thirty has no consent."""
    numbers = _numbers(dice)
    bad = [_BAD[index % len(_BAD)] for index in range(count // 7)]
    kinds: list[Callable[[Phone], str] | None] = [*bad, *([None] * (count - len(bad)))]
    dice.shuffle(kinds)
    earlier: list[Phone] = []
    for index, spoil in enumerate(kinds):
        if spoil is None or not earlier:
            phone = next(numbers)
            earlier.append(phone)
            cell = dice.choice(_WRITINGS[phone[0]])(phone)
        else:
            phone = dice.choice(earlier)
            cell = spoil(phone)
        yield _row(index, phone[0], cell, dice)


def _row(index: int, country: str, cell: str, dice: random.Random) -> tuple[str, ...]:
    first, last = dice.choice(_FIRST), dice.choice(_LAST)
    consent = index % 30 != 29
    return (
        f"{last}, {first}" if index % 5 == 0 else f"{first} {last}",
        dice.choice(_COMPANIES),
        cell,
        f"{first}.{last}.{index}@example.com".lower().replace("'", "") if index % 4 else "",
        "Australia/Sydney" if country == "61" else "",
        "written" if consent else "",
        f"web form #{1000 + index}" if consent else "",
        "2026-09-14" if consent else "",
        "called us\nabout the offer" if index % 11 == 3 else "",
    )


def _numbers(dice: random.Random) -> Iterator[Phone]:
    """Numbers of four countries, none of them twice. Two thirds are American; when a country runs out, all are."""
    american = [("1", f"{area}55501{line:02}") for area in _AREA_CODES for line in range(100)]
    british = [("44", f"20794609{line:02}") for line in range(100)]
    french = [("33", f"1990012{line:02}") for line in range(100)]
    australian = [("61", number) for number in _AUSTRALIAN]
    for pool in (american, british, french, australian):
        dice.shuffle(pool)
    turn = (american, british, american, australian, american, american, french, american, british)
    place = 0
    while american:
        pool = turn[place % len(turn)] or american
        place += 1
        yield pool.pop()


def _e164(phone: Phone) -> str:
    return f"+{phone[0]}{phone[1]}"


def _apostrophe(phone: Phone) -> str:
    return f"'{_e164(phone)}"


def _formula(phone: Phone) -> str:
    return f'="{_e164(phone)}"'


def _american(phone: Phone) -> str:
    return f"({phone[1][:3]}) {phone[1][3:6]}-{phone[1][6:]}"


def _dotted(phone: Phone) -> str:
    return f"{phone[1][:3]}.{phone[1][3:6]}.{phone[1][6:]}"


def _spaced(phone: Phone) -> str:
    return f"+{phone[0]} {phone[1][:2]} {phone[1][2:6]} {phone[1][6:]}"


def _with_zero(phone: Phone) -> str:
    return f"+{phone[0]} (0){phone[1]}"


_WRITINGS: dict[str, tuple[Callable[[Phone], str], ...]] = {
    "1": (_e164, _american, _dotted, _american, _apostrophe, _formula),
    "44": (_e164, _spaced, _with_zero, _apostrophe, _formula),
    "33": (_e164, _spaced, _apostrophe),
    "61": (_e164, _spaced, _formula),
}
_BAD: tuple[Callable[[Phone], str], ...] = (
    _e164,  # a duplicate
    lambda _: "4.47946E+11",  # lost digits
    _spaced,  # a duplicate, written differently
    lambda _: "n/a",
    lambda _: "+1 999 555 0142",  # no such area code
    lambda _: "",
    lambda _: "911",
    lambda _: "+44 909 879 0123",  # premium rate
)
