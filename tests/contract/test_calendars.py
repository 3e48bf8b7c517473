"""What every calendar promises, over real HTTP to the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from icalendar import Calendar as Ical

from dialer.errors import BadInput, VendorBusy, VendorRefused, VendorSilent
from dialer.followups.calendars.base import Booking, Calendar, SlotTaken, Span
from dialer.followups.calendars.caldav import CalDav
from dialer.followups.calendars.google import Google
from tests.contract.calendar_sandbox import ADAPTERS, CalendarWorld, running

NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
SPAN = Span(NINE, NINE + timedelta(minutes=30))
DAY = Span(NINE - timedelta(hours=9), NINE + timedelta(hours=15))


@dataclass
class Room:
    """One vendor's calendar in its world."""

    name: str
    world: CalendarWorld
    calendar: Calendar

    def hasty(self) -> Calendar:
        return ADAPTERS[self.name](self.world, patient=False)

    def taking_place(self) -> list[str]:
        return [event["id"] for event in self.world.events(self.name) if not event["cancelled"]]


@pytest.fixture(params=sorted(ADAPTERS))
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    with running(tmp_path) as world:
        yield Room(request.param, world, ADAPTERS[request.param](world))


def booking(span: Span = SPAN, key: str = "") -> Booking:
    return Booking(key or uuid4().hex, span, "Demo with Sam", "Phone: +12125550123", "Sam Lee", "sam@example.com")


def test_a_booking_is_in_the_calendar_and_its_time_is_busy(room: Room) -> None:
    order = booking()

    assert room.calendar.book(order) == order.key
    assert room.taking_place() == [order.key]
    assert list(room.calendar.busy(DAY)) == [SPAN]


def test_booked_again_it_is_there_once(room: Room) -> None:
    order = booking()
    room.calendar.book(order)
    room.calendar.book(order)

    assert room.taking_place() == [order.key]
    assert len(room.world.writes(room.name)) == 1


def test_a_lost_reply_leaves_one_event(room: Room) -> None:
    order = booking()
    room.world.always(f"{room.name}.silent_after_write")
    with pytest.raises(VendorSilent):
        room.hasty().book(order)
    room.world.always()

    assert room.calendar.book(order) == order.key
    assert room.taking_place() == [order.key]


def test_our_own_event_that_comes_late_does_not_take_its_own_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    order, busy = booking(), room.calendar.busy

    def busy_by_now(within: Span) -> Sequence[Span]:
        ADAPTERS[room.name](room.world).book(order)  # what was asked for before, and waited there until now
        return busy(within)

    monkeypatch.setattr(room.calendar, "busy", busy_by_now)

    assert room.calendar.book(order) == order.key
    assert room.taking_place() == [order.key]


def test_a_time_that_is_taken_is_refused(room: Room) -> None:
    room.world.busy(room.name, "busy0001", NINE + timedelta(minutes=15), NINE + timedelta(hours=1))

    with pytest.raises(SlotTaken):
        room.calendar.book(booking())

    assert room.taking_place() == ["busy0001"]


def test_a_meeting_next_to_another_is_no_clash(room: Room) -> None:
    room.calendar.book(booking(Span(NINE - timedelta(minutes=30), NINE)))
    room.calendar.book(booking(Span(SPAN.ends_at, SPAN.ends_at + timedelta(minutes=30))))

    assert room.calendar.book(booking())


def test_a_cancelled_meeting_frees_its_time_and_may_come_back(room: Room) -> None:
    order = booking()
    room.calendar.book(order)
    room.calendar.cancel(order.key)
    assert (room.taking_place(), list(room.calendar.busy(DAY))) == ([], [])

    room.calendar.cancel(order.key)
    room.calendar.book(order)
    assert room.taking_place() == [order.key]


def test_cancelling_what_is_not_there_is_no_error_and_touches_nothing(room: Room) -> None:
    order = booking()
    room.calendar.book(order)

    room.calendar.cancel(uuid4().hex)

    assert room.taking_place() == [order.key]
    assert len(room.world.writes(room.name)) == 1


def test_a_calendar_that_slows_us_down_is_busy(room: Room) -> None:
    room.world.always(f"{room.name}.rate_limited")

    with pytest.raises(VendorBusy):
        room.calendar.book(booking())


def test_a_calendar_that_is_unwell_may_have_done_it(room: Room) -> None:
    room.world.always(f"{room.name}.unwell")

    with pytest.raises(VendorSilent):
        room.calendar.cancel(uuid4().hex)


def test_a_check_says_whose_calendar_it_is(room: Room) -> None:
    assert "Sales" in room.calendar.check()


def test_a_world_that_starts_again_has_the_same_events(tmp_path: Path) -> None:
    order = booking()
    with running(tmp_path) as world:
        ADAPTERS["caldav"](world).book(order)
    with running(tmp_path) as world:
        assert list(ADAPTERS["caldav"](world).busy(DAY)) == [SPAN]


def test_what_caldav_keeps_is_an_icalendar_object_of_the_meeting(tmp_path: Path) -> None:
    order = booking()
    with running(tmp_path) as world:
        ADAPTERS["caldav"](world).book(order)
        (event,) = Ical.from_ical(world.events("caldav")[0]["content"]).walk("VEVENT")

    assert (str(event["SUMMARY"]), event.decoded("DTSTART"), event.decoded("DTEND")) == (
        order.title,
        SPAN.starts_at,
        SPAN.ends_at,
    )
    assert str(event["ATTENDEE"]) == "mailto:sam@example.com"


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_wrong_credentials_are_refused(name: str, tmp_path: Path) -> None:
    with running(tmp_path) as world:
        calendar = ADAPTERS[name](world)
        if isinstance(calendar, CalDav):
            calendar._headers["authorization"] = "Basic eDp5"
        elif isinstance(calendar, Google):
            calendar._calendar_id = "somebody.else@example.com"
        with pytest.raises(VendorRefused):
            calendar.book(booking())


@pytest.mark.parametrize("credentials", ["", "{}", "[]", '{"client_email": "a"}'])
def test_credentials_that_are_none_are_bad_input(credentials: str) -> None:
    with pytest.raises(BadInput):
        Google(credentials, "primary", "https://www.googleapis.com")


def test_a_calendar_on_our_own_network_needs_leave(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        url = world.url.replace("http:", "https:")
        with pytest.raises(VendorRefused, match="not public"):
            CalDav(f"{url}/caldav/calendars/sales", "a", "b").busy(SPAN)


def test_two_bookings_of_one_time_are_told_apart_by_their_key(room: Room) -> None:
    first = booking()
    room.calendar.book(first)

    with pytest.raises(SlotTaken):
        room.calendar.book(replace(first, key=uuid4().hex))


def test_a_token_that_was_revoked_is_no_fault_of_the_booking(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        calendar = ADAPTERS["google"](world)
        assert isinstance(calendar, Google)
        calendar.check()
        calendar._token = "revoked"
        order = booking()

        assert calendar.book(order) == order.key
        assert [event["id"] for event in world.events("google")] == [order.key]
