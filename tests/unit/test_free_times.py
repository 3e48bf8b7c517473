"""Which times are offered for a meeting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from dialer.agents.meetings import MeetingHours
from dialer.followups.calendars.base import Span
from dialer.followups.calendars.free import bounds, free, slots, spread

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)  # 7:00 in New York
WEEK = Span(MONDAY, MONDAY + timedelta(days=7))


def hours(**changes: Any) -> MeetingHours:
    return MeetingHours(**({"windows": {"mon": [["09:00", "10:30"]]}, "minutes": 30} | changes))


def local(found: list[Span], zone: str = "America/New_York") -> list[str]:
    return [f"{slot.starts_at.astimezone(ZoneInfo(zone)):%a %H:%M}" for slot in found]


def test_slots_follow_each_other_from_each_opening() -> None:
    assert local(list(slots(hours(), Span(MONDAY, MONDAY + timedelta(days=1))))) == [
        "Mon 09:00",
        "Mon 09:30",
        "Mon 10:00",
    ]


def test_a_meeting_must_end_before_closing_time() -> None:
    assert local(list(slots(hours(minutes=60), WEEK)))[:2] == ["Mon 09:00"]


def test_what_is_busy_is_left_out_also_in_part() -> None:
    nine = datetime(2026, 11, 23, 14, tzinfo=UTC)
    busy = [Span(nine + timedelta(minutes=20), nine + timedelta(minutes=40))]

    assert local(list(free(hours(), WEEK, busy))) == ["Mon 10:00"]


def test_notice_and_days_ahead_bound_what_is_offered() -> None:
    late = datetime(2026, 11, 23, 13, 45, tzinfo=UTC)

    assert local(list(slots(hours(), bounds(hours(notice_minutes=60, days_ahead=1), late)))) == ["Mon 10:00"]


def test_local_hours_hold_across_a_change_of_clocks() -> None:
    """New York goes back to standard time on 1 November 2026: nine o'clock stays nine o'clock."""
    since = datetime(2026, 10, 26, tzinfo=UTC)
    found = list(slots(hours(windows={"mon": [["09:00", "09:30"]]}), Span(since, since + timedelta(days=8))))

    assert [slot.starts_at.hour for slot in found] == [13, 14]


def test_a_window_may_end_at_midnight() -> None:
    assert local(list(slots(hours(windows={"mon": [["23:00", "24:00"]]}), WEEK))) == ["Mon 23:00", "Mon 23:30"]


def test_a_few_of_many_are_offered_and_not_all_on_one_day() -> None:
    days = {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}
    found = spread(slots(hours(windows=days), WEEK), ZoneInfo("America/New_York"), a_day=2, at_most=3)

    assert local(found) == ["Mon 09:00", "Mon 13:00", "Tue 09:00"]


@pytest.mark.parametrize(
    "changes",
    [
        {"zone": "Mars/Olympus"},
        {"windows": {"mon": [["17:00", "09:00"]]}},
        {"windows": {"mon": [["9", "17:00"]]}},
        {"windows": {"someday": [["09:00", "17:00"]]}},
    ],
)
def test_hours_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        hours(**changes)
