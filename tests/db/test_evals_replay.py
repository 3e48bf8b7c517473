"""A recorded call, played again through another version."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from dialer.calls.models import Call, Turn
from dialer.calls.states import CallState
from dialer.db import Sessions
from dialer.errors import BadInput, NotFound
from dialer.evals import comparing, recorded, replaying
from dialer.evals.replaying import Replay
from dialer.evals.running import Means
from dialer.leads.models import LeadMove, LeadState
from dialer.outcomes.models import Disposition, Outcome
from tests.factories import NOON, Factory, definition, other_organization
from tests.realtime.scripted import FakeBrain

OPENER = definition().opener
TIMINGS = {"sent": 900.0, "ttfa": 200.0, "stt_wait": 100.0}
SAID = (
    ("agent", "opener", OPENER, {}),
    ("person", "talk", "Yes, sure.", {}),
    ("agent", "talk", "Do you own the home?", TIMINGS),
    ("person", "talk", "Yes, I do.", {}),
    ("agent", "talk", "Then good luck.", {}),
)


class Reader:
    """Finds what it was told to."""

    name = "reader"

    def __init__(self, disposition: Disposition) -> None:
        self._found = {"disposition": disposition.value, "summary": "", "fields": {}}
        self.asked: list[str] = []

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(transcript)
        if "fits" in schema["properties"]:
            return {"fits": False, "reason": "It asks about something else."}
        return self._found


@pytest.fixture
def call(sessions: Sessions, factory: Factory) -> Call:
    """An interested person, a year ago."""
    lead = factory.lead(factory.campaign(), state=LeadState.DONE)
    call = factory.call(lead, state=CallState.ENDED, answered_at=NOON, ended_at=NOON, outcome_at=NOON)
    with sessions.begin() as session:
        for number, (speaker, kind, text, timings) in enumerate(SAID, 1):
            told = {"speaker": speaker, "kind": kind, "text": text, "timings_ms": timings}
            session.add(
                Turn(call_id=call.id, epoch=1, number=number, started_s=number, ended_s=number, at=NOON, **told)
            )
        session.add(LeadMove(lead_id=lead.id, call_id=call.id, state=LeadState.DONE, at=NOON, by="test", why="over"))
        ids = {"call_id": call.id, "organization_id": call.organization_id, "campaign_id": call.campaign_id}
        came = {"disposition": Disposition.INTERESTED, "next_step": "done", "deliveries": 0, "at": NOON}
        session.add(Outcome(lead_id=lead.id, **ids, **came))
    return call


def play(sessions: Sessions, call: Call, reader: Reader, *answers: str) -> Replay:
    with sessions() as session:
        found = recorded.load(session, call.organization_id, call.id)
    brain = FakeBrain(*([answer] for answer in answers))
    (replay,) = replaying.replay([found], definition(), Means(lambda: (brain,), reader))
    return replay


def test_the_same_questions_get_the_recorded_answers(sessions: Sessions, call: Call) -> None:
    reader = Reader(Disposition.INTERESTED)

    replay = play(sessions, call, reader, "Tell me, do you own your home?", "Goodbye then.")

    assert not replay.diverged
    assert replay.verdict.passed, replay.verdict.failures
    assert list(comparing.rows(replay)) == [
        ("", OPENER, OPENER, "Yes, sure."),
        ("", "Do you own the home?", "Tell me, do you own your home?", "Yes, I do."),
        ("", "Then good luck.", "Goodbye then.", ""),
    ]
    assert comparing.summary(replay)["outcome"] == "interested"
    assert replay.recorded.replies_ms == (600.0,)
    assert len(reader.asked) == 1  # nobody had to say whether the answers fit


def test_answers_that_do_not_fit_any_more_are_marked(sessions: Sessions, call: Call) -> None:
    reader = Reader(Disposition.NOT_INTERESTED)

    replay = play(sessions, call, reader, "When would a visit suit you?", "Goodbye then.")

    assert [step.diverges for step in replay.steps] == ["", "It asks about something else."]
    mark, _, now, person = list(comparing.rows(replay))[1]
    assert (mark, now) == ("≠", "When would a visit suit you?")
    assert person == "Yes, I do. (≠ It asks about something else.)"
    assert comparing.summary(replay)["outcome"] == "interested → not_interested"
    assert comparing.summary(replay)["diverged"] == "from the person's line 2 on"
    assert replay.verdict.passed  # what comes of words that do not fit is no failure


def test_another_outcome_of_the_same_words_is_a_failure(sessions: Sessions, call: Call) -> None:
    replay = play(sessions, call, Reader(Disposition.WRONG_NUMBER), "Do you own the home?", "Goodbye then.")

    assert [check.why for check in replay.verdict.failures] == ["outcome wrong_number, wanted interested"]


def test_only_ones_own_calls_in_which_somebody_spoke_are_played(
    sessions: Sessions, factory: Factory, call: Call
) -> None:
    silent = factory.call(state=CallState.ENDED)

    with sessions() as session:
        with pytest.raises(NotFound):
            recorded.load(session, other_organization(sessions), call.id)
        with pytest.raises(NotFound):
            recorded.load(session, call.organization_id, uuid4())
        with pytest.raises(BadInput, match="nobody said anything"):
            recorded.load(session, silent.organization_id, silent.id)


def test_lines_that_are_left_are_told(sessions: Sessions, call: Call) -> None:
    with sessions() as session:
        found = recorded.load(session, call.organization_id, call.id)
    person = replaying.FromRecord(found.lines, Reader(Disposition.HUNG_UP))

    assert asyncio.run(person.next(OPENER)).says == "Yes, sure."
    assert [answered.line.says for answered in person.left] == ["Yes, I do."]
