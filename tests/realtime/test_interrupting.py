"""The person speaks while the agent does: what is a barge-in, and what is not."""

from __future__ import annotations

import pytest

from dialer.conversation.facts import HandedIn, TurnFinished
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeBrain

LONG = "This is a rather long sentence about lamps which nobody would ever want to hear to its very end."
SPOKEN_S = len(LONG) / 15


async def speaking(call: Call, seconds: float = 1.0) -> None:
    """The agent has been answering for so long."""
    await call.opener()
    await call.say("Tell me more.")
    sent = len(call.phone.frames)
    await call.until(lambda: len(call.phone.frames) > sent)
    await call.quiet(seconds)


def last(call: Call) -> TurnFinished:
    turn = call.hand.of(TurnFinished)[-1]
    assert isinstance(turn, TurnFinished)
    return turn


@pytest.mark.parametrize("nod", ["Uh-huh.", "mhm", "yeah", "Okay.", "haan", "accha", "ji", "हाँ जी", "अच्छा"])
def test_a_nod_leaves_the_turn_uninterrupted_and_whole(play, nod: str) -> None:
    async def scene(call: Call) -> None:
        await speaking(call)
        await call.say(nod, 0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert (last(call).text, last(call).interrupted) == (LONG, False)
        assert len(call.brain.asked) == 1
        await call.hang_up()
        told = call.hand.of(HandedIn)[0].counters
        assert (told["barge_ins"], told["false_barge_ins"], told["turns_discarded"]) == (0, 1, 1)

    play(scene, brain=FakeBrain([LONG]))


def test_a_nod_costs_a_pause_and_a_word_or_two_said_again(play) -> None:
    async def scene(call: Call) -> None:
        await speaking(call)
        await call.say("Uh-huh.", 0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert SPOKEN_S < last(call).ended_s - last(call).started_s < SPOKEN_S + 1.6

    play(scene, brain=FakeBrain([LONG]))


def test_the_sentence_goes_on_from_the_last_word_heard(play) -> None:
    async def scene(call: Call) -> None:
        await speaking(call, 2.0)
        before = len(call.phone.frames)
        await call.voice(0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        left_s = (len(call.phone.frames) - before) * 0.02
        assert SPOKEN_S - 2.0 - 0.2 <= left_s <= SPOKEN_S - 2.0 + 1.0  # not from the begin of the sentence

    play(scene, brain=FakeBrain([LONG]))


def test_a_long_noise_without_words_gives_the_floor_back(play) -> None:
    async def scene(call: Call) -> None:
        await speaking(call)
        await call.voice(1.8)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert (last(call).text, last(call).interrupted) == (LONG, False)

    play(scene, brain=FakeBrain([LONG]))


def test_words_that_come_late_still_interrupt(play) -> None:
    async def scene(call: Call) -> None:
        await speaking(call)
        await call.voice(1.2)
        assert not last(call).interrupted
        call.ears.hear("what does it", is_final=False)
        await call.voice(0.2)
        assert last(call).interrupted
        assert LONG.startswith(last(call).text)

    play(scene, brain=FakeBrain([LONG]))


def test_what_was_not_heard_is_not_in_the_context(play) -> None:
    async def scene(call: Call) -> None:
        await speaking(call)
        await call.voice(0.3)
        call.ears.hear("stop what does it cost", is_final=False)
        await call.voice(0.5)
        await call.quiet(0.1)
        call.ears.hear("stop what does it cost", end_of_turn=True)
        await call.until(lambda: len(call.brain.asked) == 2)
        told = [message.text for message in call.brain.asked[1]]
        heard = last(call).text if last(call).speaker == "agent" else call.hand.of(TurnFinished)[-2].text
        assert told[-2] == heard
        assert 0 < len(heard) < 40  # a second and a bit at fifteen characters a second

    play(scene, brain=FakeBrain([LONG], ["Ten dollars."]))


@pytest.mark.parametrize("seconds", [0.1, 0.3])
def test_a_yes_over_the_end_of_the_question_is_its_answer(play, seconds: float) -> None:
    question = "Lamps are nice. Do you own the house?"

    async def scene(call: Call) -> None:
        await speaking(call, len(question) / 15 - 0.9)
        await call.say("Yes.", seconds, after=0.02)
        await call.until(lambda: len(call.brain.asked) == 2)
        assert {message.text for message in call.brain.asked[1][-2:]} == {question, "Yes."}

    play(scene, brain=FakeBrain([question], ["Good."]))


def test_a_yes_that_the_recognizer_is_slow_to_be_sure_of_is_its_answer(play) -> None:
    question = "Lamps are nice. Do you own the house?"

    async def scene(call: Call) -> None:
        await speaking(call, len(question) / 15 - 0.9)
        await call.voice(0.4)
        call.ears.hear("yes", is_final=False)
        await call.quiet(0.5)
        call.ears.hear("Yes.", end_of_turn=True)
        await call.until(lambda: len(call.brain.asked) == 2)
        said = [message.text for message in call.brain.asked[1][-2:]]
        assert {text.strip(".").lower() for text in said} == {question.strip(".").lower(), "yes"}
        await call.quiet(4.0)
        assert len(call.brain.asked) == 2

    play(scene, brain=FakeBrain([question], ["Good."]))


def test_a_nod_within_a_question_is_no_answer_to_it(play) -> None:
    question = "Now that you have heard all about our lamps and their price, do you want to have one of them?"

    async def scene(call: Call) -> None:
        await speaking(call)
        await call.say("Yeah.", 0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        await call.quiet(1.0)
        assert len(call.brain.asked) == 1

    play(scene, brain=FakeBrain([question]))


def test_the_end_of_the_persons_own_turn_does_not_hold_the_answer_up(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Tell me more.")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        told = last(call).timings_ms
        assert told["turn_latency_over_vendor_ms"] - told["endpoint_wait"] <= 45
        await call.hang_up()
        assert call.hand.of(HandedIn)[0].counters["false_barge_ins"] == 0

    play(scene, brain=FakeBrain([LONG]))
