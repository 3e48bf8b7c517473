"""What seats counted: stored when they hand the call in, and added up over all seats of the call."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from dialer.calls import answering, facts, seats, tallies
from dialer.calls.answering import Do
from dialer.calls.reporting import Report
from dialer.conversation.facts import EndReason, HandedIn, Reply
from dialer.telephony.base import CarrierStatus
from tests.db.engine import SECRET, CampaignEngine
from tests.factories import Factory


@dataclass
class Line:
    """An answered call, and the seats that hold it one after the other: worker calls-1 in epoch 1, and so on."""

    room: CampaignEngine
    call_id: UUID

    def take(self, epoch: int) -> None:
        with self.room.sessions.begin() as session:
            assert seats.take(session, self.call_id, epoch, worker=f"calls-{epoch}", url="ws://127.0.0.1:1/x")

    def hand_in(self, epoch: int, reason: EndReason = EndReason.PERSON, **counters: float) -> Reply:
        effects = facts.Effects(opt_out=self.room.opt_out, cancel=lambda _: None)
        told = HandedIn(reason, f"{epoch}.wav", 10.0, counters)
        seat = facts.Seat(self.call_id, epoch, f"calls-{epoch}")
        reply = facts.apply(told, seat, self.room.sessions, effects)
        assert isinstance(reply, Reply)
        return reply

    def stream_ended(self) -> answering.Decision:
        said = Report(str(self.room.call(self.call_id).carrier_id), CarrierStatus.IN_PROGRESS)
        return answering.continued(self.room.sessions, self.call_id, said, secret=SECRET)

    @property
    def counters(self) -> dict[str, float]:
        with self.room.sessions() as session:
            return tallies.total(session, self.call_id)


@pytest.fixture
def line(engine_room: CampaignEngine, factory: Factory) -> Line:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    said = Report(str(engine_room.call(call_id).carrier_id), CarrierStatus.IN_PROGRESS)
    assert answering.answered(engine_room.sessions, call_id, said, secret=SECRET).epoch == 1
    line = Line(engine_room, call_id)
    line.take(1)
    return line


def test_what_a_seat_counted_is_stored_with_the_end_of_the_call(line: Line) -> None:
    line.hand_in(1, eager_wasted_prompt_tokens=310, stt_s=12.5)

    assert line.counters == {"eager_wasted_prompt_tokens": 310, "stt_s": 12.5}
    assert line.room.call(line.call_id).ending == "person"


def test_told_twice_it_stands_once(line: Line) -> None:
    line.hand_in(1, barge_ins=2)
    line.hand_in(1, barge_ins=2)

    assert line.counters == {"barge_ins": 2}
    assert line.room.call(line.call_id).talk_s == 10.0


def test_a_seat_that_takes_a_broken_stream_over_adds_to_what_the_first_counted(line: Line) -> None:
    line.hand_in(1, EndReason.LOST, prompt_tokens=100, barge_ins=1)
    decision = line.stream_ended()
    line.take(2)
    line.hand_in(2, prompt_tokens=40, underruns=3)

    assert (decision.do, decision.epoch) == (Do.WAIT, 2)
    assert line.counters == {"barge_ins": 1, "prompt_tokens": 140, "underruns": 3}
    assert line.room.call(line.call_id).talk_s == 20.0


def test_a_seat_that_has_lost_its_call_tells_what_it_cost_and_nothing_else(line: Line) -> None:
    line.stream_ended()
    line.take(2)
    line.hand_in(2, prompt_tokens=40)

    reply = line.hand_in(1, EndReason.LOST, prompt_tokens=100)

    row = line.room.call(line.call_id)
    assert reply.lost
    assert line.counters == {"prompt_tokens": 140}
    assert (row.recording, row.talk_s, row.ending) == ("2.wav", 10.0, "person")
