"""What a speech-to-speech model is told past the audio: late results of tools, documents, how the person feels."""

from __future__ import annotations

from typing import Any

import pytest

from dialer.conversation.facts import KnowledgeWanted, Passage, Reply, ToolWanted
from dialer.errors import VendorBusy
from dialer.llm.base import ToolCall
from dialer.speech2speech.base import Written
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeTalker

CALL_BACK = ToolCall("t", "schedule_callback", {"when": "2026-11-24T10:00"})
AGENT: dict[str, Any] = {"speech_to_speech": ["talker"], "filler": ""}
PASSAGE = Passage(
    chunk_id=1, document_id="d", document="Prices", place="page 1", title="", text="Set-up costs nine euros.", score=0.9
)


async def say(call: Call, talker: FakeTalker, text: str, seconds: float = 1.0, *, ended_s: float = 0.0) -> None:
    """The person speaks, and the model writes down what they said."""
    await call.voice(seconds)
    await call.quiet(0.2)
    talker.talk.hear(text, end_of_turn=True, ended_s=ended_s)
    await call.quiet(0.02)


def test_a_result_that_comes_after_a_barge_in_is_told_before_the_next_answer(play) -> None:
    talker = FakeTalker([CALL_BACK], [Written("Noted. What else?"), bytes(8000)])

    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(text="Noted for Tuesday.")
        await call.opener()
        call.hand.delay_s = 2.0
        await say(call, talker, "Call me on Tuesday.")
        await call.until(lambda: call.hand.of(ToolWanted))
        await say(call, talker, "Wait, one more thing.", 2.5)
        await call.until(lambda: talker.talk.came.count(("reply", "")) >= 2)
        came = talker.talk.came
        assert came.count(("schedule_callback", "Noted for Tuesday.")) == 1
        assert came.index(("schedule_callback", "Noted for Tuesday.")) < len(came) - 1 - came[::-1].index(("reply", ""))

    play(scene, talkers=(talker,), agent=AGENT)


def test_a_result_that_comes_in_time_is_told_once(play) -> None:
    talker = FakeTalker([CALL_BACK], [Written("Noted."), bytes(8000)], [Written("Yes."), bytes(8000)])

    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(text="Noted for Tuesday.")
        await call.opener()
        await say(call, talker, "Call me on Tuesday.")
        await call.until(lambda: call.hand.said()[-1][2] == "Noted.")
        await say(call, talker, "Fine, and what does it cost?")
        await call.until(lambda: call.hand.said()[-1][2] == "Yes.")
        assert talker.talk.came.count(("schedule_callback", "Noted for Tuesday.")) == 1

    play(scene, talkers=(talker,), agent=AGENT)


def test_passages_are_told_before_the_answer_to_which_they_belong(play) -> None:
    talker = FakeTalker([Written("Nine euros."), bytes(8000)], [Written("Gladly."), bytes(8000)])

    async def scene(call: Call) -> None:
        call.hand.replies[KnowledgeWanted] = Reply(passages=(PASSAGE,))
        await call.opener()
        await say(call, talker, "What does the set-up cost?")
        await call.until(lambda: call.hand.said()[-1][2] == "Nine euros.")
        (at,) = [n for n, (role, text) in enumerate(talker.talk.came) if role == "user" and PASSAGE.text in text]
        assert talker.talk.came[at + 1] == ("reply", "")
        call.hand.replies[KnowledgeWanted] = Reply()
        await say(call, talker, "Then please send me an offer.")
        await call.until(lambda: call.hand.said()[-1][2] == "Gladly.")
        assert sum(PASSAGE.text in text for _, text in talker.talk.came) == 1

    play(scene, talkers=(talker,), agent=AGENT | {"knowledge": ["prices"]})


def test_how_the_person_feels_is_told_before_their_next_turn_and_only_when_it_changes(play) -> None:
    talker = FakeTalker()

    async def scene(call: Call) -> None:
        await call.opener()
        call.session._dialogue._transcript.noticed = "The person sounds annoyed."
        for turns in (3, 5, 7):
            await say(call, talker, "And what does it cost me in a month?")
            await call.until(lambda: len(call.hand.said()) == turns)  # noqa: B023 - it is called at once
        advised = [text for kind, text in talker.talk.came if kind == "advise"]
        assert advised == ["How they are now: The person sounds annoyed."]
        assert talker.talk.came.index(("advise", advised[0])) < len(talker.talk.came) - 3

    play(scene, talkers=(talker,), agent=AGENT)


def test_a_model_that_answers_no_more_hears_no_more_either(play) -> None:
    talker = FakeTalker([VendorBusy("talker", "silent")])

    async def scene(call: Call) -> None:
        await call.opener()
        await say(call, talker, "What does the set-up cost?")
        await call.until(lambda: call.recognizers[0].opened)
        await call.until(lambda: call.brain.asked)
        await call.quiet(2.0)
        await call.say("And in a month?")
        await call.until(lambda: ("person", "talk", "And in a month?") in call.hand.said())
        assert talker.talk.closed

    play(scene, talkers=(talker,), agent=AGENT)


@pytest.mark.parametrize("ended_s", [0.0, 2.5])
def test_what_a_lost_model_has_told_is_not_heard_again(play, ended_s: float) -> None:
    """Some models say up to where it was, but count only what they were given: voice without the silence between."""
    talker = FakeTalker([VendorBusy("talker", "silent")])

    async def scene(call: Call) -> None:
        await call.opener()
        await say(call, talker, "What does the set-up cost?", 2.0, ended_s=ended_s)
        await call.until(lambda: call.recognizers[0].opened)
        assert call.ears.fed < 0.7 * 8000  # what came since the pause, and nothing of the two seconds before
        await call.until(lambda: call.brain.asked)

    play(scene, talkers=(talker,), agent=AGENT)


def test_what_a_lost_model_has_not_told_is_heard_again(play) -> None:
    talker = FakeTalker([Written("Nine euros."), bytes(8000)], [VendorBusy("talker", "silent")])

    async def scene(call: Call) -> None:
        await call.opener()
        await say(call, talker, "What does the set-up cost?", 2.0)
        await call.until(lambda: ("agent", "talk", "Nine euros.") in call.hand.said())
        await call.voice(2.0)
        talker.talk.queue.put_nowait(VendorBusy("talker", "gone"))
        await call.until(lambda: call.recognizers[0].opened)
        assert 2.0 * 8000 <= call.ears.fed < 5.0 * 8000

    play(scene, talkers=(talker,), agent=AGENT)
