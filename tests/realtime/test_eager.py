"""Answers that are asked for before the person's turn is surely over."""

from __future__ import annotations

from dialer.conversation.facts import EndReason, HandedIn, TurnFinished
from dialer.llm.base import Usage
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeBrain


def counters(call: Call) -> dict[str, float]:
    return dict(call.hand.of(HandedIn)[0].counters)


def test_the_eager_answer_is_said_and_asked_for_once(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("yes what is it about", sure=False)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[-1] == ("agent", "talk", "We sell lamps.")
        assert len(call.brain.asked) == 1
        await call.hang_up()
        assert (counters(call)["eager_started"], counters(call)["eager_used"]) == (1, 1)
        assert counters(call)["eager_wasted_prompt_tokens"] == 0

    play(scene, brain=FakeBrain(["We sell lamps.", Usage(100, 5)]))


def test_an_eager_answer_comes_sooner_by_the_silence_that_is_waited_for(play) -> None:
    latencies: list[float] = []

    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("yes what is it about", sure=False)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        latencies.append(call.hand.of(TurnFinished)[-1].timings_ms["sent"])

    for eager in (False, True):
        play(scene, brain=FakeBrain(["We sell lamps."]), agent={"turntaking": {"eager": eager}})
    assert latencies[0] - latencies[1] >= 140  # the model takes 150 ms for its first word


def test_the_eager_answer_is_thrown_away_when_the_person_goes_on(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("tell me what it costs", sure=False)
        await call.quiet(0.2)
        assert len(call.brain.asked) == 1
        await call.say("for a large house", sure=False)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[1:] == [
            ("person", "talk", "tell me what it costs for a large house"),
            ("agent", "talk", "Twenty thousand."),
        ]
        await call.hang_up()
        told = counters(call)
        assert (told["eager_started"], told["eager_used"]) == (2, 1)
        assert told["eager_wasted_prompt_tokens"] > 0

    play(scene, brain=FakeBrain(["Four thousand."], ["Twenty thousand."]))


def test_nothing_is_asked_while_words_promise_more(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("I would like it but", sure=False)
        await call.quiet(0.6)
        assert call.brain.asked == []

    play(scene)


def test_final_words_that_differ_are_answered_and_not_the_interim_ones(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("is it free", is_final=False)
        await call.quiet(0.3)
        assert call.brain.asked[0][-1].text == "is it free"
        call.ears.hear("Is it for three?", end_of_turn=True)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[-1][2] == "For four."

    play(scene, brain=FakeBrain(["It is free."], ["For four."]))


def test_words_that_ask_for_no_more_calls_are_not_sent_ahead(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("do not call me again", sure=False)
        await call.until(lambda: call.running.done())
        assert call.brain.asked == []

    play(scene)


def test_an_agent_can_do_without(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("tell me what it costs", sure=False)
        await call.quiet(0.2)
        assert call.brain.asked == []
        await call.say("for a large house", sure=False)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert len(call.brain.asked) == 1

    play(scene, agent={"turntaking": {"eager": False}})


def test_a_turn_in_many_pieces_asks_no_more_often_than_the_agent_allows(play) -> None:
    pieces = ("tell me", "what it costs", "for a large house", "with a steep roof", "in the shade")

    async def scene(call: Call) -> None:
        await call.opener()
        for piece in pieces:
            await call.say(piece, sure=False)
            await call.quiet(0.2)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[-2:] == [("person", "talk", " ".join(pieces)), ("agent", "talk", "Twenty thousand.")]
        assert [asked[-1].text for asked in call.brain.asked] == [
            "tell me",
            "tell me what it costs",
            " ".join(pieces),  # the one that is answered, once the turn is over
        ]
        await call.say("and what for two", sure=False)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 5)
        await call.hang_up()
        assert (counters(call)["eager_started"], counters(call)["eager_used"]) == (3, 1)

    brain = FakeBrain(["One."], ["Two."], ["Twenty thousand."], ["Forty."])
    play(scene, brain=brain, agent={"turntaking": {"eager_most": 2}})


def test_an_eager_answer_that_breaks_in_a_way_nobody_foresaw_ends_the_call_as_any_other_does(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("tell me what it costs", sure=False)
        await call.until(lambda: call.running.done())
        assert call.hand.of(HandedIn)[0].reason is EndReason.FAILED

    play(scene, brain=FakeBrain([RuntimeError("nobody foresaw it")]))


def test_a_turn_ends_as_quickly_as_the_agents_settings_say(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(0.94)
        call.ears.hear("Yes, please.", end_of_turn=True)
        await call.voice(0.06)
        over_s = call.loop.time()
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 2)
        assert call.loop.time() - over_s <= 0.07

    play(scene, brain=FakeBrain(["Fine."]), agent={"turntaking": {"endpoint_sure_ms": 50, "eager_ms": 20}})
