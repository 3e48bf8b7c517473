"""Meetings that are booked in a call: rows before events, one event however it went, told in the person's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dialer.crm import delivery
from dialer.crm.models import OutboxKind, OutboxRow, OutboxState
from dialer.db import Sessions
from dialer.errors import VendorSilent
from dialer.followups import meetings
from dialer.followups.calendars.base import Booking, Calendar, SlotTaken, Span
from dialer.followups.calendars.builtin import BuiltIn
from dialer.followups.models import Channel, FollowUpKind, Meeting, MeetingState, Notice
from dialer.leads.models import LeadState
from tests.contract import calendar_sandbox
from tests.contract.calendar_sandbox import CalendarWorld
from tests.db.toolroom import Toolroom, seated
from tests.factories import Factory

TUESDAY = "2026-12-01T10:00"
"""In New York, where the person is; 15:00 UTC."""


@dataclass
class ScriptedCalendar:
    """A calendar in memory that fails as told, after or before it has done its work."""

    name: str = "google"
    events: dict[str, Booking] = field(default_factory=dict)
    fails: list[Exception] = field(default_factory=list)
    does_it_first: bool = False
    others: tuple[Span, ...] = ()

    def busy(self, within: Span) -> Sequence[Span]:
        return [*self.others, *(event.span for event in self.events.values())]

    def book(self, booking: Booking) -> str:
        error = self.fails.pop(0) if self.fails else None
        if error is None or self.does_it_first:
            self.events[booking.key] = booking
        if error is not None:
            raise error
        return booking.key

    def cancel(self, key: str) -> None:
        self.events.pop(key, None)

    def check(self) -> str:
        return "scripted"


@pytest.fixture
def factory(sessions: Sessions) -> Factory:
    factory = Factory(sessions)
    factory.set_clock()
    return factory


Begin = Callable[..., Toolroom]


@pytest.fixture
def begin(factory: Factory) -> Begin:
    def begin(calendar: Calendar | None = None, *, email: str = "sam@example.com") -> Toolroom:
        calendar = calendar or BuiltIn()
        lead = factory.lead(factory.campaign(), state=LeadState.IN_FLIGHT, email=email)
        return seated(factory, {calendar.name: calendar}, lead=lead)

    return begin


def rows(room: Toolroom) -> list[Meeting]:
    with room.sessions() as session:
        return list(session.scalars(select(Meeting).order_by(Meeting.starts_at)))


def orders(room: Toolroom) -> list[OutboxRow]:
    with room.sessions() as session:
        return list(
            session.scalars(select(OutboxRow).where(OutboxRow.kind == OutboxKind.MEETING).order_by(OutboxRow.id))
        )


def deliver_again(room: Toolroom) -> None:
    """What the sweep does, once the back-off is over."""
    with room.sessions.begin() as session:
        session.execute(update(OutboxRow).values(next_wall=datetime(2020, 1, 1, tzinfo=UTC)))
    delivery.deliver_due(room.sessions, room.calendars)


def test_free_times_are_told_in_the_persons_own_time(begin: Begin) -> None:
    reply = begin().want("find_slots", earliest="2026-12-01", latest="2026-12-01")

    assert reply.text == (
        "Free in the person's own time (America/New_York): "
        "Tuesday 1 December at 09:00 (2026-12-01T09:00); Tuesday 1 December at 13:00 (2026-12-01T13:00)."
    )


def test_what_is_in_the_calendar_is_not_offered(begin: Begin) -> None:
    morning = Span(datetime(2026, 12, 1, 14, tzinfo=UTC), datetime(2026, 12, 1, 20, tzinfo=UTC))

    reply = begin(ScriptedCalendar(others=(morning,))).want("find_slots", earliest="2026-12-01", latest="2026-12-01")

    assert "09:00" not in reply.text
    assert "15:00" in reply.text


def test_a_booked_meeting_is_confirmed_and_its_invitation_is_on_its_way(begin: Begin) -> None:
    room = begin(calendar := ScriptedCalendar())

    reply = room.want("book_meeting", when=TUESDAY, note="shift planner")

    assert reply.text == (
        "Booked for Tuesday 1 December at 10:00, the person's own time. A confirmation goes to sam@example.com."
    )
    (meeting,) = rows(room)
    assert (meeting.state, meeting.external_id) == (MeetingState.BOOKED, meeting.id.hex)
    assert list(calendar.events) == [meeting.id.hex]
    with room.sessions() as session:
        notice = session.scalars(select(Notice)).one()
    assert (notice.channel, notice.to_address, notice.meeting_id) == (Channel.EMAIL, "sam@example.com", meeting.id)


def test_the_row_is_there_before_the_calendar_is_told(begin: Begin) -> None:
    room = begin(calendar := ScriptedCalendar())
    seen: list[MeetingState] = []
    book = calendar.book
    calendar.book = lambda booking: (seen.append(rows(room)[0].state), book(booking))[1]  # type: ignore[method-assign]

    room.want("book_meeting", when=TUESDAY)

    assert seen == [MeetingState.WANTED]


@pytest.mark.parametrize("does_it_first", [True, False])
def test_a_lost_reply_is_one_event_in_the_end(begin: Begin, does_it_first: bool) -> None:
    calendar = ScriptedCalendar(fails=[VendorSilent("google", "no answer")], does_it_first=does_it_first)
    room = begin(calendar)

    reply = room.want("book_meeting", when=TUESDAY)
    assert "noted for Tuesday" in reply.text
    assert rows(room)[0].state is MeetingState.WANTED
    deliver_again(room)

    (meeting,) = rows(room)
    assert (meeting.state, list(calendar.events)) == (MeetingState.BOOKED, [meeting.id.hex])


def test_a_lost_reply_of_google_and_caldav_is_one_event(factory: Factory, tmp_path: Path) -> None:
    for name in ("google", "caldav"):
        with calendar_sandbox.running(tmp_path / name) as world:
            room = seated(factory, {name: calendar_sandbox.ADAPTERS[name](world, patient=False)})
            world.always(f"{name}.silent_after_write")
            room.want("book_meeting", when=TUESDAY)
            world.always()
            deliver_again(room)

            meeting = next(row for row in rows(room) if row.calendar == name)
            assert meeting.state is MeetingState.BOOKED
            assert [event["id"] for event in world.events(name)] == [meeting.id.hex]


def test_one_time_is_never_given_to_two_people(begin: Begin) -> None:
    first, second = begin(), begin()

    assert first.want("book_meeting", when=TUESDAY).ok
    reply = second.want("book_meeting", when=TUESDAY)

    assert (reply.ok, "not free any more" in reply.text) == (False, True)
    assert [row.call_id for row in rows(first)] == [first.call.id]


def test_two_tenants_may_have_the_same_time(begin: Begin, sessions: Sessions) -> None:
    other = Factory(sessions, "another tenant")
    theirs = seated(other, {"builtin": BuiltIn()})

    assert begin().want("book_meeting", when=TUESDAY).ok
    assert theirs.want("book_meeting", when=TUESDAY).ok


def test_wanted_twice_in_a_call_it_is_one_meeting(begin: Begin) -> None:
    room = begin(calendar := ScriptedCalendar())

    assert room.want("book_meeting", when=TUESDAY).ok
    assert room.want("book_meeting", when=TUESDAY).ok
    assert (len(rows(room)), len(calendar.events)) == (1, 1)


def test_another_time_takes_the_place_of_the_first(begin: Begin) -> None:
    room = begin(calendar := ScriptedCalendar())
    room.want("book_meeting", when=TUESDAY)
    room.want("book_meeting", when="2026-12-01T14:00")
    deliver_again(room)

    first, second = rows(room)
    assert (first.state, second.state) == (MeetingState.CANCELLED, MeetingState.BOOKED)
    assert list(calendar.events) == [second.id.hex]


@pytest.mark.parametrize("again", [False, True])
def test_the_time_that_was_agreed_to_last_stands_whatever_the_calendar_did_first(begin: Begin, *, again: bool) -> None:
    room = begin(calendar := ScriptedCalendar(fails=[VendorSilent("google", "no answer")]))
    room.want("book_meeting", when=TUESDAY)
    room.want("book_meeting", when="2026-12-01T11:00")
    if again:
        room.want("book_meeting", when=TUESDAY)
    deliver_again(room)

    states = [meeting.state for meeting in rows(room)]
    at_10, at_11 = rows(room)
    last = at_10 if again else at_11
    assert states == [MeetingState.BOOKED, MeetingState.CANCELLED][:: 1 if again else -1]
    assert list(calendar.events) == [last.id.hex]
    with room.sessions() as session:
        assert session.scalars(select(Notice.meeting_id)).all() == [last.id]


def test_a_late_sender_brings_no_cancelled_meeting_back(begin: Begin) -> None:
    """It is stopped in the middle of booking; meanwhile another one books, and the person chooses another time."""
    room = begin(calendar := ScriptedCalendar())
    book, stopped = calendar.book, list[Booking]()

    def slowly(booking: Booking) -> str:
        if not stopped:
            stopped.append(booking)
            with room.sessions.begin() as session:
                session.execute(update(OutboxRow).values(leased_until=datetime(2020, 1, 1, tzinfo=UTC)))
            deliver_again(room)
            assert room.want("book_meeting", when="2026-12-01T14:00").ok
            deliver_again(room)
        return book(booking)

    calendar.book = slowly  # type: ignore[method-assign]
    room.want("book_meeting", when=TUESDAY)
    deliver_again(room)

    first, second = rows(room)
    assert (first.state, second.state) == (MeetingState.CANCELLED, MeetingState.BOOKED)
    assert list(calendar.events) == [second.id.hex]


def test_a_time_that_somebody_else_took_in_the_calendar_is_refused(begin: Begin) -> None:
    room = begin(ScriptedCalendar(fails=[SlotTaken("google")]))

    reply = room.want("book_meeting", when=TUESDAY)

    assert (reply.ok, "not free any more" in reply.text) == (False, True)
    assert rows(room)[0].state is MeetingState.REFUSED
    assert [row.state for row in orders(room)] == [OutboxState.SENT]
    assert room.want("book_meeting", when="2026-12-01T11:00").ok


@pytest.mark.parametrize(
    "when",
    ["tomorrow", "2026-12-01T10:10", "2026-12-05T10:00", "2026-12-01T20:00", "2026-11-24T10:30", "2028-12-01T10:00"],
)
def test_a_time_that_is_not_offered_cannot_be_booked(begin: Begin, when: str) -> None:
    room = begin()

    assert room.want("book_meeting", when=when).ok is False
    assert rows(room) == []


def test_an_address_that_is_none_gets_no_confirmation(begin: Begin) -> None:
    room = begin(email="n/a")

    assert room.want("book_meeting", when=TUESDAY, email="sam at example dot com").ok
    assert rows(room)[0].email == ""


def test_the_follow_up_of_a_call_names_its_meeting(begin: Begin) -> None:
    room = begin()
    room.want("book_meeting", when=TUESDAY)

    with room.sessions() as session:
        task = meetings.follow_up(session, room.call, now=datetime(2026, 11, 24, 15, tzinfo=UTC))

    assert task is not None
    assert (task.kind, task.due_at) == (FollowUpKind.MEETING, datetime(2026, 12, 1, 15, tzinfo=UTC))
    assert "Tuesday 1 December 2026 at 10:00 (America/New_York)" in task.subject


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CalendarWorld]:
    with calendar_sandbox.running(tmp_path) as world:
        yield world


def test_a_calendar_that_cannot_be_read_offers_nothing(factory: Factory, world: CalendarWorld) -> None:
    room = seated(factory, {"caldav": calendar_sandbox.caldav(world)})
    world.always("caldav.unwell")

    reply = room.want("find_slots")

    assert (reply.ok, "cannot be read" in reply.text) == (False, True)


def test_a_meeting_holds_its_time_for_as_long_as_it_lasts(begin: Begin) -> None:
    room = begin()
    room.want("book_meeting", when=TUESDAY)

    with room.sessions() as session:
        start = datetime(2026, 12, 1, 15, tzinfo=UTC)
        day = Span(start - timedelta(hours=5), start + timedelta(hours=5))
        assert meetings.taken(session, room.call.organization_id, "builtin", day) == [
            Span(start, start + timedelta(minutes=30))
        ]
