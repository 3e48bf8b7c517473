"""Turns of many calls stored in one transaction, and each by itself where that cannot be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker

from dialer.calls import answering, seats
from dialer.calls.facts import Seat
from dialer.calls.models import Call, Turn
from dialer.calls.reporting import Report
from dialer.calls.rounds import Rounds
from dialer.calls.states import CallState
from dialer.conversation.facts import Fact, Passage, Reply, Speaker, TurnFinished, TurnUnderstood
from dialer.telephony.base import CarrierStatus
from dialer.understanding.analysis import Understanding
from dialer.understanding.labels import Emotion, Intent
from tests.db.engine import SECRET, CampaignEngine
from tests.factories import Factory

WAIT_S = 20.0
FOUND = Understanding(Emotion.NEUTRAL, 0.9, {Emotion.NEUTRAL: 0.9}, Intent.OTHER, {Intent.OTHER: 0.5}, 0.0)


class Fate:
    """A fact in a round, and what became of it: an answer, or its own way."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        self.reply: Reply | None = None
        self.went_alone = False
        self._known = threading.Event()

    def answer(self, reply: Reply) -> None:
        self.reply = reply
        self._known.set()

    def alone(self) -> None:
        self.went_alone = True
        self._known.set()

    @property
    def stored(self) -> bool:
        """Wait until it is known, and say whether the round stored it."""
        assert self._known.wait(WAIT_S)
        assert self.went_alone == (self.reply is None)
        return not self.went_alone


class Hall:
    """Calls that one worker holds, and its rounds."""

    def __init__(self, room: CampaignEngine, factory: Factory, calls: int) -> None:
        self.room = room
        campaign = factory.campaign()
        for _ in range(calls):
            factory.lead(campaign)
        self.seats = [self._seated(call_id) for call_id in room.claim()]
        assert len(self.seats) == calls
        self.rounds = Rounds(room.sessions)

    def _seated(self, call_id: UUID) -> Seat:
        self.room.place(call_id)
        said = Report(str(self.room.call(call_id).carrier_id), CarrierStatus.IN_PROGRESS)
        answering.answered(self.room.sessions, call_id, said, secret=SECRET)
        with self.room.sessions.begin() as session:
            assert seats.take(session, call_id, 1, worker="calls-1", url="ws://127.0.0.1:1/")
        return Seat(call_id, 1, "calls-1")

    def tell(self, seat: Seat, fact: Fact) -> Fate:
        fate = Fate(fact)
        self.rounds.put(seat, fate, fate.alone)
        return fate

    def turns(self, seat: Seat) -> list[Turn]:
        with self.room.sessions() as session:
            return list(session.scalars(select(Turn).where(Turn.call_id == seat.call_id).order_by(Turn.number)))


@pytest.fixture
def hall(engine_room: CampaignEngine, factory: Factory) -> Iterator[Hall]:
    made = Hall(engine_room, factory, 3)
    yield made
    made.rounds.stop()


def turn(number: int, text: str = "Yes.") -> TurnFinished:
    passage = Passage(7, "d", "Prices", "p. 1", "Price", "It is 5.", 0.5)
    return TurnFinished(
        number, Speaker.AGENT, text, 1.25, 2.5, interrupted=True, timings_ms={"sent": 3.5}, sources=(passage,)
    )


def test_a_round_stores_the_turns_of_all_calls_as_they_were_told(hall: Hall) -> None:
    fates = [hall.tell(seat, turn(number, f"{number} “quoted”")) for seat in hall.seats for number in (1, 2)]
    hall.rounds.start()

    assert all(fate.stored for fate in fates)
    for seat in hall.seats:
        first, second = hall.turns(seat)
        assert (first.text, second.text) == ("1 “quoted”", "2 “quoted”")
        assert (first.epoch, first.speaker, first.kind, first.interrupted) == (1, "agent", "talk", True)
        assert (first.started_s, first.ended_s, first.timings_ms) == (1.25, 2.5, {"sent": 3.5})
        assert first.sources[0]["document"] == "Prices"
        assert first.at is not None


def test_what_was_understood_of_a_turn_finds_it_in_the_same_round(hall: Hall) -> None:
    seat = hall.seats[0]
    said, understood = hall.tell(seat, turn(1)), hall.tell(seat, TurnUnderstood(1, FOUND))
    hall.rounds.start()

    assert said.stored
    assert understood.stored
    assert (hall.turns(seat)[0].understanding or {})["emotion"] == "neutral"


def test_a_seat_that_has_lost_its_call_stores_nothing_and_goes_alone_to_hear_so(hall: Hall) -> None:
    lost, kept, _ = hall.seats
    with hall.room.sessions.begin() as session:
        row = session.get_one(Call, lost.call_id)
        row.seat_epoch = 2
    fates = hall.tell(lost, turn(1)), hall.tell(kept, turn(1))
    hall.rounds.start()

    assert [fate.stored for fate in fates] == [False, True]
    assert not hall.turns(lost)


def test_a_turn_told_twice_stands_once(hall: Hall) -> None:
    seat = hall.seats[0]
    fates = [hall.tell(seat, turn(1)) for _ in range(2)]
    hall.rounds.start()

    assert any(fate.stored for fate in fates)
    assert len(hall.turns(seat)) == 1


def test_a_call_that_somebody_holds_does_not_hold_up_the_others(hall: Hall) -> None:
    held, free, _ = hall.seats
    with hall.room.sessions.begin() as session:
        session.get_one(Call, held.call_id, with_for_update=True)
        fates = hall.tell(held, turn(1)), hall.tell(free, turn(1))
        hall.rounds.start()

        assert [fate.stored for fate in fates] == [False, True]


def test_what_was_understood_of_a_turn_that_was_left_out_goes_alone_behind_it(hall: Hall) -> None:
    held, free, _ = hall.seats
    with hall.room.sessions.begin() as session:
        session.get_one(Call, held.call_id, with_for_update=True)
        fates = [hall.tell(seat, fact) for seat in (held, free) for fact in (turn(1), TurnUnderstood(1, FOUND))]
        hall.rounds.start()

        assert [fate.stored for fate in fates] == [False, False, True, True]


def test_a_turn_that_nobody_can_store_leaves_the_others_their_own_way(hall: Hall) -> None:
    poisoned, sound, _ = hall.seats
    fates = hall.tell(poisoned, turn(1, "a \0 in it")), hall.tell(sound, turn(1))
    hall.rounds.start()

    assert [fate.stored for fate in fates] == [False, False]
    assert hall.tell(sound, turn(1)).stored


def test_a_database_that_is_away_sends_everybody_their_own_way(hall: Hall) -> None:
    away = Rounds(sessionmaker(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")))
    fate = Fate(turn(1))
    away.put(hall.seats[0], fate, fate.alone)
    away.start()

    assert not fate.stored
    away.stop()


def test_the_last_round_is_stored_on_the_way_out(hall: Hall) -> None:
    hall.rounds.start()
    fate = hall.tell(hall.seats[0], turn(1))
    hall.rounds.stop()

    assert fate.stored
    assert hall.room.call(hall.seats[0].call_id).state is CallState.ANSWERED
