"""Days and times as people say them, and as a system prompt states the present one."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS_TEXT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_UNITS = tuple(_UNITS_TEXT.split())
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS_TEXT = "january february march april may june july august september october november december"
_MONTHS = tuple(_MONTHS_TEXT.split())
_PARTS = {"morning": 10, "noon": 12, "lunch": 12, "afternoon": 15, "evening": 18}
"""Hour that is meant by a part of the day."""
_FIRST_HOUR, _EVENING_HOUR = 8, 12
"""Hours said without a.m. or p.m. that are earlier than the first mean the afternoon."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?")
_WRITTEN = re.compile(r"(\d{1,2})\.? (" + "|".join(_MONTHS) + r"),? (\d{4}),?(?: at)? (\d{1,2}):(\d{2})", re.IGNORECASE)
_NUMBER = r"(?:\d{1,2}|" + "|".join([*_UNITS[1:], *_TENS]) + r")"
_CLOCK = re.compile(
    rf"\b(half past |quarter past |quarter to )?({_NUMBER})(?:[:.](\d\d)| (fifteen|thirty|forty-five))?"
    r"(?:\s*o'?clock)?\s*(a\.?m\b|p\.?m\b|in the (?:morning|afternoon|evening))?",
    re.IGNORECASE,
)
_AT_CLOCK = re.compile(rf"\bat\s+(?=(?:half past |quarter past |quarter to )?{_NUMBER}\b)", re.I)
_MARKED = re.compile(
    rf"\b(?=(?:half past |quarter (?:past|to) )?{_NUMBER}(?:[:.]\d\d)?\s*(?:a\.?m\b|p\.?m\b|o'?clock))", re.I
)
_COLON = re.compile(r"\b(?=\d{1,2}:\d\d\b)")
_IN = re.compile(rf"\bin (?:about )?(an?|half an|{_NUMBER}) (minute|hour|day|week)s?\b", re.IGNORECASE)
_DAY = re.compile(r"\b(?:(next) )?(" + "|".join(_WEEKDAYS) + r"|today|tonight|tomorrow|next week)\b", re.IGNORECASE)
_PART = re.compile(r"\b(" + "|".join(_PARTS) + r")\b", re.IGNORECASE)
_DEFAULT_HOUR = 10


def number(word: str) -> int | None:
    """The value of "7", "seven" or "twenty"; None if it is no number up to 99."""
    word = word.lower()
    if word.isdecimal():
        return int(word)
    if word in _UNITS:
        return _UNITS.index(word)
    return _TENS.get(word)


def present(prompt: str) -> datetime | None:
    """The date and time that a prompt states, in ISO 8601 or as in "24 November 2026, 10:05"; None if it has none."""
    if found := _ISO.search(prompt):
        return datetime.fromisoformat(found.group())
    if found := _WRITTEN.search(prompt):
        day, month, year, hour, minute = found.groups()
        month_number = _MONTHS.index(month.lower()) + 1
        return datetime(int(year), month_number, int(day), int(hour), int(minute))  # noqa: DTZ001 - local, no zone given
    return None


def wanted(words: str, now: datetime) -> datetime | None:
    """When somebody who says `words` at `now` wants it to be; None if they name neither day nor time.

    A weekday is the next such day, never today. A time that is over today is tomorrow's.
    """
    if relative := _IN.search(words):
        return now + _distance(relative.group(1).lower(), relative.group(2).lower())
    day, clock, part = _DAY.search(words), _clock(words), _PART.search(words)
    if day is None and clock is None and part is None:
        return None
    hour, minute = clock or (_PARTS[part.group(1).lower()] if part else _DEFAULT_HOUR, 0)
    if part and part.group(1).lower() in ("afternoon", "evening") and hour < _EVENING_HOUR:
        hour += 12
    date = now + timedelta(days=_days_ahead(day.group(2).lower(), now) if day else 0)
    when = date.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return when if when > now else when + timedelta(days=1)


def phrase(words: str) -> str:
    """The part of what was said that names a day or time, as said; "" if none does."""
    spans = [match.span() for match in (_DAY.search(words), _PART.search(words), _IN.search(words)) if match]
    if (at := _clock_at(words)) is not None and (clock := _CLOCK.match(words, at)):
        spans.append(clock.span())
    if not spans:
        return ""
    return words[min(start for start, _ in spans) : max(end for _, end in spans)].strip(" .,?!")


def spoken(when: datetime) -> str:
    """A time as one says it: "Tuesday at ten thirty in the morning"."""
    hour = _UNITS[when.hour % 12 or 12]
    minute = {0: "", 15: " fifteen", 30: " thirty", 45: " forty-five"}.get(when.minute, f" {when.minute:02d}")
    part = "in the morning" if when.hour < 12 else "in the afternoon" if when.hour < 18 else "in the evening"
    return f"{when:%A} at {hour}{minute} {part}"


def _clock_at(words: str) -> int | None:
    """Where in the text a time of day begins."""
    for pattern in (_AT_CLOCK, _MARKED, _COLON):
        if found := pattern.search(words):
            return found.end()
    return None


def _clock(words: str) -> tuple[int, int] | None:
    at = _clock_at(words)
    found = _CLOCK.match(words, at) if at is not None else None
    hour = number(found.group(2)) if found else None
    if found is None or hour is None or hour > 23:
        return None
    minutes = found.group(3) or {"fifteen": "15", "thirty": "30", "forty-five": "45"}.get(
        (found.group(4) or "").lower()
    )
    minute = int(minutes or 0)
    lead, half = (found.group(1) or "").strip().lower(), (found.group(5) or "").lower().replace(".", "")
    if lead:
        minute = {"half past": 30, "quarter past": 15, "quarter to": 45}[lead]
        hour -= lead == "quarter to"
    if (half in ("pm", "in the afternoon", "in the evening") or (not half and hour < _FIRST_HOUR)) and hour < 12:
        hour += 12
    elif half in ("am", "in the morning") and hour == 12:
        hour = 0
    return hour, min(minute, 59)


def _distance(amount: str, unit: str) -> timedelta:
    if amount == "half an":
        return timedelta(minutes=30)
    count = 1 if amount in ("a", "an") else number(amount) or 1
    return timedelta(**{f"{unit}s": count})


def _days_ahead(day: str, now: datetime) -> int:
    if day in ("today", "tonight"):
        return 0
    if day == "tomorrow":
        return 1
    if day == "next week":
        return 7
    return (_WEEKDAYS.index(day) - now.weekday() - 1) % 7 + 1
