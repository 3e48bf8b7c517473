"""Whom chaos calls: numbers kept for fiction, each once, and the CSV that brings them in."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from io import BytesIO, StringIO

_AREA_CODES = (
    *("201", "202", "206", "212", "213", "214", "215", "216", "303", "305", "312", "313", "314", "404", "408", "412"),
    *("415", "502", "503", "504", "512", "513", "516", "602", "612", "614", "615", "617", "619", "646", "702", "704"),
    *("713", "716", "718", "801", "804", "813", "816", "817", "818", "832", "901", "904", "913", "914", "916", "919"),
)


def numbers(seed: int) -> Iterator[str]:
    """4,800 American numbers of the range 555-01xx in an order that the seed decides, E.164."""
    every = [f"+1{area}55501{line:02}" for area in _AREA_CODES for line in range(100)]
    random.Random(seed).shuffle(every)
    return iter(every)


def file(phones: list[str]) -> BytesIO:
    """A list of leads with written consent."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("First name", "Phone", "E-mail", "Consent", "Consent evidence", "Consent date"))
    for phone in phones:
        writer.writerow(("Pat", phone, f"pat.{phone[1:]}@example.com", "written", f"form {phone}", "2026-09-14"))
    return BytesIO(text.getvalue().encode())
