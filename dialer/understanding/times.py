"""Days and hours as people say them on the phone, in English and Hindi.

Candidates are cut out by patterns and only these are read by `dateparser`, in under a millisecond each: its own search
through whole sentences takes tens of milliseconds and takes words such as "may" and "sat" for dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from dialer.understanding import numbers

_HINDI: Final[tuple[tuple[str, str], ...]] = (
    # the whole of a phrase before its parts
    ("आज", "today"), ("कल", "tomorrow"), ("परसों", "the day after tomorrow"),
    ("सोमवार", "monday"), ("मंगलवार", "tuesday"), ("बुधवार", "wednesday"), ("गुरुवार", "thursday"),
    ("बृहस्पतिवार", "thursday"), ("शुक्रवार", "friday"), ("शनिवार", "saturday"), ("रविवार", "sunday"),
    ("इतवार", "sunday"), ("अगले हफ्ते", "next week"), ("अगले हफ़्ते", "next week"), ("अगले महीने", "next month"),
    ("अगले", "next"), ("सुबह", "morning"), ("दोपहर", "afternoon"), ("शाम", "evening"), ("रात", "night"),
    ("घंटे बाद", "hours later"), ("घण्टे बाद", "hours later"), ("मिनट बाद", "minutes later"),
    ("दिन बाद", "days later"), ("बजे", "o'clock"), ("को", ""), ("kal", "tomorrow"), ("parson", "the day after tomorrow"),
    ("aaj", "today"), ("subah", "morning"), ("shaam", "evening"), ("dopahar", "afternoon"), ("baje", "o'clock"),
    ("ghante baad", "hours later"),
)  # fmt: skip
_HINDI_WORDS: Final = dict(_HINDI)
_HINDI_FINDS: Final = re.compile(
    r"(?<![\w\u0900-\u097f])("
    + "|".join(map(re.escape, sorted(_HINDI_WORDS, key=len, reverse=True)))
    + r")(?![\w\u0900-\u097f])",
    re.IGNORECASE,
)
_DAY: Final = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTH: Final = (
    r"january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_COUNT: Final = r"\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty"
_HOUR: Final = r"\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_DATE: Final = (
    rf"(?:the )?day after tomorrow|tomorrow|today|tonight|(?:(?:this|next|coming) )?(?:{_DAY})|next (?:week|month)|"
    rf"(?:{_MONTH}) (?:the )?\d{{1,2}}(?:st|nd|rd|th)?|(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})|"
    r"\d{4}-\d{2}-\d{2}"
)
_PART: Final = r"(?:in the )?(?:morning|afternoon|evening)|at night|night|at noon|noon|at midnight|midnight"
_CLOCK: Final = (
    rf"(?:half past|quarter past|quarter to) (?:{_HOUR})|(?:{_HOUR})[:.]\d{{2}}(?: ?[ap]\.?m\b\.?)?|"
    rf"(?:{_HOUR}) ?(?:[ap]\.?m\b\.?|o'?clock)|"
    rf"(?<=at )(?:{_HOUR})(?: (?:thirty|fifteen|forty five))?\b(?! (?:{_MONTH}|%))"
)
_SPAN: Final = re.compile(
    rf"\b(?P<ahead>in (?:{_COUNT}) (?:minute|hour|day|week|month)s?|(?:{_COUNT}) (?:minute|hour|day|week)s? later)\b"
    rf"|\b(?P<date>{_DATE})\b(?:,? (?P<part>{_PART})\b)?(?:,? (?:(?:at|around|by|after) )?(?P<clock>{_CLOCK}))?"
    rf"(?: (?P<later>{_PART})\b)?"
    rf"|(?:\b(?P<part2>{_PART}) )?\b(?P<clock2>{_CLOCK})(?:,? (?P<part3>{_PART})\b)?"
    rf"(?:,? (?:on )?(?P<date2>{_DATE})\b)?",
    re.IGNORECASE,
)
_HOUR_WORDS: Final = {word: numbers.SMALL[word] for word in _HOUR.split("|") if word in numbers.SMALL}
_EARLIEST_HOUR: Final = 8
"""An hour without a half of the day is one at which people take calls: 8 to 19."""
_PARTS: Final = {"morning": 9, "afternoon": 14, "evening": 18, "night": 20, "noon": 12, "midnight": 0}


def find(text: str, local_now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what was said and its time: ISO 8601 with the offset of `local_now`; a date alone if no hour was named.

    A day or hour is the next one; "कल", which is tomorrow and yesterday, is tomorrow. An hour that says neither
    morning nor evening is one from 8 to 19.
    """
    english = _HINDI_FINDS.sub(lambda match: _HINDI_WORDS[match.group(1).lower()], text)
    if english != text:
        english = re.sub(r"[^\s,.?!।]+", lambda match: _digit(match.group()), english)
        english = re.sub(r"\s+", " ", english)
    for match in _SPAN.finditer(english):
        if (value := _value(match, local_now)) is not None:
            yield match.group().strip(), value


def _value(match: re.Match[str], local_now: datetime) -> str | None:
    if ahead := match["ahead"]:
        at = _parse(re.sub(r"^(.*) later$", r"in \1", ahead, flags=re.IGNORECASE), local_now)
        return at.isoformat(timespec="minutes") if at else None
    date, clock = match["date"] or match["date2"], match["clock"] or match["clock2"]
    part = _part(match["part"] or match["later"] or match["part2"] or match["part3"] or "")
    if date and date.lower() == "tonight":
        date, part = "today", part or "night"
    day = _parse(date, local_now) if date else local_now
    if day is None:
        return None
    hour, minute = _clock(clock, part) if clock else (_PARTS[part], 0) if part else (None, 0)
    if hour is None:
        return day.date().isoformat() if date else None
    at = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if not date and at <= local_now:  # an hour that is past today
        later = _parse("tomorrow", local_now)
        at = at.replace(year=later.year, month=later.month, day=later.day) if later else at
    return at.isoformat(timespec="minutes")


def _part(said: str) -> str:
    return next((part for part in _PARTS if part in said.lower().replace("midnight", "midnight ")), "") if said else ""


def _clock(said: str, part: str) -> tuple[int | None, int]:
    """Return hour and minute on a 24-hour clock."""
    words = said.lower().replace(".", ":" if re.search(r"\d\.\d\d", said) else "")
    found = re.search(rf"({_HOUR})(?::(\d\d)| (thirty|fifteen|forty five))?", re.sub(r"^.*(?:past|to) ", "", words))
    if found is None:
        return None, 0
    hour = _HOUR_WORDS.get(found[1]) or int(found[1]) if not found[1].isdigit() else int(found[1])
    minute = int(found[2]) if found[2] else int(numbers.read(found[3]) or 0) if found[3] else 0
    if words.startswith("half"):
        minute = 30
    elif words.startswith("quarter past"):
        minute = 15
    elif words.startswith("quarter to"):
        hour, minute = hour - 1, 45
    if hour > 23 or minute > 59:
        return None, 0
    afternoon = re.search(r"\d ?pm|[a-z] ?pm\b", words) is not None
    morning = re.search(r"\bam\b|\dam\b", words) is not None
    if afternoon or (not morning and part in ("afternoon", "evening", "night") and hour < 12):
        return hour % 12 + 12, minute
    if morning or part == "morning":
        return hour % 12, minute
    return (hour + 12 if 0 < hour < _EARLIEST_HOUR else hour), minute


def _digit(word: str) -> str:
    return str(numbers.SMALL[word]) if word in numbers.SMALL and not word.isascii() else word


def _parse(said: str, local_now: datetime) -> datetime | None:
    from dateparser.date import DateDataParser  # 0.2 s, which only a process that reads times should pay

    settings = {"PREFER_DATES_FROM": "future", "RELATIVE_BASE": local_now.replace(tzinfo=None)}
    found = DateDataParser(languages=["en"], settings=settings).get_date_data(said.lower()).date_obj
    return found.replace(tzinfo=local_now.tzinfo) if found else None
