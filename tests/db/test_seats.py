"""Seats: asked for, taken, given up, lost; and the facts that a seat's thread commits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import create_engine, func, select, update

from dialer.calls import answering, briefings, conversing, facts, receiving, seats, sweeping
from dialer.calls.answering import Do
from dialer.calls.models import SeatState, Stray, ToolUse, Turn, Worker
from dialer.calls.states import CallState
from dialer.calls.toolbox import schedule_callback
from dialer.conversation.facts import (
    Ending,
    EndReason,
    HandedIn,
    OpenerCompleted,
    OptedOut,
    Speaker,
    StreamStarted,
    ToolWanted,
    TurnFinished,
    TurnMasked,
)
from dialer.leads import suppression
from dialer.leads.models import Suppression
from dialer.telephony.base import CarrierStatus
from tests.db.engine import SECRET, CampaignEngine
from tests.db.ringing import URL, Line
from tests.factories import NOON, Factory, definition


def turn(number: int, speaker: Speaker = Speaker.PERSON, text: str = "Yes.") -> TurnFinished:
    return TurnFinished(number, speaker, text, 1.0, 2.0)


def test_answer_asks_for_a_seat(line: Line) -> None:
    decision = line.pick_up()

    assert (decision.do, decision.epoch) == (Do.WAIT, 1)
    assert line.row.state is CallState.ANSWERED
    assert line.row.seat is SeatState.WANTED


def test_repeated_answer_gets_the_same_seat(seated: Line) -> None:
    decision = seated.pick_up()

    assert (decision.do, decision.url) == (Do.CONNECT, URL)
    assert seated.row.seat_epoch == 1


def test_answer_of_another_carrier_call_is_hung_up_and_counted(line: Line) -> None:
    decision = line.pick_up("CA" + "e" * 32)

    assert (decision.do, decision.stray) == (Do.HANG_UP, "CA" + "e" * 32)
    with line.room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Stray)) == 1


def test_answer_of_a_person_who_opted_out_meanwhile_is_hung_up(line: Line) -> None:
    call = line.row
    with line.room.sessions.begin() as session:
        suppression.suppress(
            session, call.organization_id, [call.to_number], reason="asked", source="api", call_id=None,
            now=call.moved_at, secret=SECRET,
        )  # fmt: skip

    assert line.pick_up().do is Do.HANG_UP


def test_of_two_workers_one_takes_the_call(line: Line) -> None:
    line.pick_up()

    assert line.take(1, "calls-1") is True
    assert line.take(1, "calls-2") is False


def test_taking_and_giving_up_exclude_each_other(line: Line) -> None:
    line.pick_up()
    assert answering.gave_up(line.room.sessions, line.call_id, 1).do is Do.DROP

    assert line.take(1) is False
    assert line.stream_ended().do is Do.DROP


def test_giving_up_too_late_connects(seated: Line) -> None:
    decision = answering.gave_up(seated.room.sessions, seated.call_id, 1)

    assert (decision.do, decision.url) == (Do.CONNECT, URL)


def test_drop_message_names_seller_and_number(line: Line) -> None:
    text, language = answering.drop_message(line.room.sessions, line.call_id)

    assert definition().seller in text
    assert "2 1 2" in text
    assert language == "en-US"


def test_a_call_survives_its_worker_twice_then_drops(seated: Line) -> None:
    for epoch in (2, 3):
        decision = seated.stream_ended()
        assert (decision.do, decision.epoch) == (Do.WAIT, epoch)
        assert seated.take(epoch, "calls-2")

    assert seated.stream_ended().do is Do.DROP


def test_a_planned_end_hangs_up(seated: Line) -> None:
    seated.tell(Ending(EndReason.AGENT))

    assert seated.stream_ended().do is Do.HANG_UP


def test_a_transfer_is_carried_out(seated: Line) -> None:
    seated.tell(StreamStarted("MZ1"))
    seated.tell(Ending(EndReason.TRANSFER, "+12125550199"))

    decision = seated.stream_ended()

    assert (decision.do, decision.number) == (Do.TRANSFER, "+12125550199")
    assert seated.row.state is CallState.TRANSFERRED


def test_stream_end_of_a_call_that_is_over_says_nothing(seated: Line) -> None:
    assert seated.stream_ended(CarrierStatus.COMPLETED).do is Do.NOTHING


def test_a_seat_that_lost_its_call_changes_nothing(seated: Line) -> None:
    seated.stream_ended()
    seated.take(2, "calls-2")

    reply = seated.tell(turn(1))

    assert reply.lost
    with seated.room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Turn)) == 0


def test_a_turn_told_twice_stands_once(seated: Line) -> None:
    seated.tell(turn(1))
    seated.tell(turn(1))

    with seated.room.sessions() as session:
        assert session.scalars(select(Turn.text)).all() == ["Yes."]


def test_stream_start_uses_up_the_url(seated: Line) -> None:
    seated.tell(StreamStarted("MZ1"))

    assert seated.row.state is CallState.TALKING
    assert seated.row.seat_url is None


def test_opener_completion_is_stored_once(seated: Line) -> None:
    seated.tell(OpenerCompleted(3.0))
    first = seated.row.opener_done_at
    seated.tell(OpenerCompleted(9.0))

    assert first is not None
    assert seated.row.opener_done_at == first


@pytest.mark.parametrize(
    "fact", [OptedOut("digit", "9"), OptedOut("words", "stop calling me"), ToolWanted("k", "do_not_call", {})]
)
def test_opt_out_is_committed_before_the_reply(seated: Line, fact: object) -> None:
    reply = seated.tell(fact)

    assert reply.ok
    with seated.room.sessions() as session:
        (row,) = session.scalars(select(Suppression)).all()
        assert (row.phone, row.call_id) == (seated.row.to_number, seated.call_id)
    assert seated.row.opted_out_at is not None
    assert seated.call_id not in seated.cancelled


def test_a_tool_is_a_row_and_answers_a_repeat_alike(seated: Line) -> None:
    wanted = ToolWanted("t1", "schedule_callback", {"when": "2026-11-26T10:00"})

    first, again = seated.tell(wanted), seated.tell(wanted)

    assert first.text == again.text == "Callback noted for Thursday 26 November at 10:00."
    with seated.room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(ToolUse)) == 1
        agreed = schedule_callback.agreed(session, seated.call_id)
    assert agreed is not None
    assert agreed.isoformat() == "2026-11-26T15:00:00+00:00"


@pytest.mark.parametrize("when", ["yesterday", "2020-01-01T10:00", "2027-12-01T10:00", None])
def test_a_callback_at_no_usable_time_is_refused(seated: Line, when: str | None) -> None:
    assert seated.tell(ToolWanted("t1", "schedule_callback", {"when": when})).ok is False


@pytest.mark.parametrize("name", ["transfer", "delete_everything"])
def test_a_tool_that_the_agent_does_not_have_is_refused(seated: Line, name: str) -> None:
    assert seated.tell(ToolWanted("t1", name, {})).ok is False


def test_handing_in_keeps_recording_and_end(seated: Line) -> None:
    seated.tell(HandedIn(EndReason.PERSON, "a.wav", 12.5))

    row = seated.row
    assert (row.recording, row.talk_s, row.ending) == ("a.wav", 12.5, "person")
    assert row.handed_in_wall is not None


def silent(session_of: Callable[..., object], seconds: float) -> None:
    """Let the worker's heartbeat be this old."""
    session_of(update(Worker).values(heartbeat_wall=func.clock_timestamp() - timedelta(seconds=seconds)))


def test_calls_of_a_silent_worker_need_a_new_seat(seated: Line) -> None:
    with seated.room.sessions.begin() as session:
        assert seats.orphans(session, database_up_s=0) == []
        silent(session.execute, 4)
        assert [row[0] for row in seats.orphans(session, database_up_s=0)] == [seated.call_id]


def test_a_handed_in_call_needs_no_new_seat(seated: Line) -> None:
    seated.tell(HandedIn(EndReason.PERSON, "", 1.0))
    with seated.room.sessions.begin() as session:
        silent(session.execute, 4)
        assert seats.orphans(session, database_up_s=0) == []


def silence(room: CampaignEngine) -> None:
    """Let every worker's heartbeat be 4 s old."""
    with room.sessions.begin() as session:
        session.execute(update(Worker).values(heartbeat_wall=func.clock_timestamp() - timedelta(seconds=4)))


def test_an_orphan_is_given_to_one_caller_at_a_time(seated: Line) -> None:
    silence(seated.room)

    with seated.room.sessions.begin() as session:
        assert seats.orphans(session, database_up_s=0) == [(seated.call_id, seated.row.carrier_id)]
    with seated.room.sessions.begin() as session:
        assert seats.orphans(session, database_up_s=0) == []


def test_a_database_that_has_just_started_orphans_nobody(seated: Line) -> None:
    silence(seated.room)

    with seated.room.sessions.begin() as session:
        assert seats.orphans(session, database_up_s=100_000_000) == []


def test_a_second_redirect_waits_for_the_seat_that_is_asked_for(seated: Line) -> None:
    first = seated.stream_ended()
    second = seated.stream_ended()

    assert (first.do, second.do) == (Do.WAIT, Do.WAIT)
    assert first.epoch == second.epoch


def test_a_transfer_that_is_asked_for_again_is_given_again(seated: Line) -> None:
    seated.tell(Ending(EndReason.TRANSFER, transfer_to="+12125550190"))

    first, again = seated.stream_ended(), seated.stream_ended()

    assert (first.do, again.do) == (Do.TRANSFER, Do.TRANSFER)


def test_the_fallback_of_the_answer_hangs_up_on_a_person_who_opted_out(line: Line) -> None:
    row = line.row
    with line.room.sessions.begin() as session:
        suppression.suppress(
            session, row.organization_id, [row.to_number], reason="words", source="api", call_id=None,
            now=row.moved_at, secret=SECRET,
        )  # fmt: skip

    assert line.stream_ended().do is Do.HANG_UP


def test_a_withheld_number_has_a_briefing(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.campaign()
    call_id = receiving.receive(
        engine_room.sessions, carrier_id="CA" + "f" * 32, from_number="anonymous", to_number=factory.caller_id.phone
    )

    with engine_room.sessions() as session:
        assert briefings.brief(session, call_id, now=NOON).local_time.tzname() == "UTC"


def test_a_fact_that_nobody_foresaw_leaves_the_seat_its_thread(seated: Line) -> None:
    def fails(*_: object) -> None:
        raise TimeoutError("no connection is free")

    effects = facts.Effects(opt_out=fails, cancel=fails)  # type: ignore[arg-type]
    on = conversing.Seats(seated.room.sessions, None, seated.room.messages, "calls-1", "", effects)  # type: ignore[arg-type]

    reply = conversing._apply(OptedOut("words", "stop"), facts.Seat(seated.call_id, 1, "calls-1"), on)

    assert reply.ok is False


def test_a_last_fact_outlasts_a_database_that_is_away(seated: Line) -> None:
    effects = facts.Effects(opt_out=seated.room.opt_out, cancel=seated.cancelled.extend)
    waited: list[float] = []

    def comes_back(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            seated.room.sessions.configure(bind=bind)

    bind = seated.room.sessions.kw["bind"]
    on = conversing.Seats(
        seated.room.sessions,
        None,
        seated.room.messages,
        "calls-1",
        "",
        effects,
        comes_back,  # type: ignore[arg-type]
    )
    seated.room.sessions.configure(bind=create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))

    reply = conversing._apply(HandedIn(EndReason.PERSON, "a.wav", 2.0), facts.Seat(seated.call_id, 1, "calls-1"), on)

    assert reply.ok
    assert len(waited) == 3
    assert seated.row.recording == "a.wav"


@pytest.mark.parametrize("knows", [True, False])
def test_an_orphan_whose_call_is_over_is_ended_by_what_the_carrier_says(
    seated: Line, monkeypatch: pytest.MonkeyPatch, knows: bool
) -> None:
    """Its end was told to a web process that was away, and asking for a new seat tells nobody."""
    monkeypatch.setattr(seats, "orphans", partial(seats.orphans, database_up_s=0))
    room = seated.room
    silence(room)
    carrier_id = str(seated.row.carrier_id)
    room.carrier.calls[carrier_id] = replace(room.carrier.calls[carrier_id], status=CarrierStatus.COMPLETED)
    if not knows:  # it answers that there is no such call: the row is kept, for the carrier may be wrong
        del room.carrier.calls[carrier_id]

    sweeping.watch_seats(sweeping.Sweeping(room.settling, "https://dialer.test", ()))

    assert room.carrier.redirected == []
    assert (seated.row.state is CallState.ENDED) is knows
    assert (("results.finish", str(seated.call_id)) in room.messages.sent) is knows


def test_what_is_masked_after_a_takeover_is_the_turn_of_then_and_no_other(seated: Line) -> None:
    seated.tell(turn(2, text="It's 4111 1111"))
    seated.stream_ended()
    seated.take(2)
    seated.tell(turn(2, text="1111 1111"), epoch=2)

    seated.tell(TurnMasked(1, 2, "It's [card]"), epoch=2)

    with seated.room.sessions() as session:
        kept = session.scalars(select(Turn.text).order_by(Turn.epoch, Turn.number)).all()
    assert kept == ["It's [card]", "1111 1111"]
