"""What each turn costs, and that the turns' costs are the call's."""

from __future__ import annotations

from collections import Counter

from dialer.conversation.facts import HandedIn, Speaker, TurnFinished
from dialer.errors import VendorBusy
from dialer.llm.base import Usage
from dialer.speech2speech.base import Written
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeBrain, FakeTalker


def turns(call: Call, speaker: Speaker) -> list[TurnFinished]:
    return [turn for turn in call.hand.of(TurnFinished) if turn.speaker is speaker]


def counters(call: Call) -> dict[str, float]:
    return dict(call.hand.of(HandedIn)[0].counters)


async def answered(call: Call, words: str) -> TurnFinished:
    before = len(turns(call, Speaker.AGENT))
    await call.say(words)
    await call.until(lambda: len(turns(call, Speaker.AGENT)) > before)
    return turns(call, Speaker.AGENT)[-1]


def test_an_answer_costs_what_the_model_says_and_what_the_voice_was_asked_for(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        answer = await answered(call, "what do you sell")
        assert answer.cost == {"prompt_tokens": 100, "completion_tokens": 5, "tts_characters": len("We sell lamps.")}
        assert turns(call, Speaker.AGENT)[0].cost == {}  # the opener is made once for all calls

    play(scene, brain=FakeBrain(["We sell lamps.", Usage(100, 5)]))


def test_a_turn_of_the_persons_costs_the_audio_since_the_one_before(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await answered(call, "what do you sell")
        await call.quiet(3.0)
        await answered(call, "how much are they")
        first, second = (turn.cost["stt_s"] for turn in turns(call, Speaker.PERSON))
        assert first > 3.0  # the opener lasts longer
        assert 4.0 <= second < 10.0

    play(scene, brain=FakeBrain(["Lamps."], ["Forty."]))


def test_the_turns_costs_add_up_to_the_calls(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        for words in ("what do you sell", "how much are they", "that is a lot"):
            await answered(call, words)
        await call.hang_up()
        total: Counter[str] = Counter()
        for turn in call.hand.of(TurnFinished):
            total.update(turn.cost)
        assert total["prompt_tokens"] == counters(call)["prompt_tokens"] == 600
        assert total["completion_tokens"] == counters(call)["completion_tokens"] == 15
        assert total["tts_characters"] == counters(call)["tts_characters"]
        assert 0 < total["stt_s"] <= counters(call)["stt_s"]  # nobody is charged with the silence at the end

    play(scene, brain=FakeBrain(["Lamps.", Usage(100, 4)], ["Forty.", Usage(200, 5)], ["Yes.", Usage(300, 6)]))


def test_an_answer_that_is_cut_off_is_charged_by_its_characters(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("tell me everything")
        spoken = len(call.phone.frames)
        await call.until(lambda: len(call.phone.frames) > spoken + 200)
        await call.say("stop for a moment please", seconds=1.5)
        await call.until(lambda: any(turn.interrupted for turn in turns(call, Speaker.AGENT)))
        (cut,) = (turn for turn in turns(call, Speaker.AGENT) if turn.interrupted)
        asked = sum(len(message.text) for message in call.brain.asked[0])
        assert cut.cost["prompt_tokens"] == asked // 4
        assert 0 < cut.cost["completion_tokens"] < 500

    story = [f"This is sentence number {n} of many. " for n in range(1000)]
    play(scene, brain=FakeBrain([*story, Usage(9999, 9999)], token_s=0.2))


def test_a_model_that_does_not_answer_costs_nothing(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("what do you sell")
        await call.until(lambda: call.running.done())
        assert counters(call)["prompt_tokens"] == counters(call)["completion_tokens"] == 0

    play(scene, brain=FakeBrain([VendorBusy("brain", "down")], [VendorBusy("brain", "down")]))


def test_rules_cost_no_tokens_whether_their_answer_was_used_or_not(play) -> None:
    asks = {"say": "Do you want it?", "listen": [{"say": "Fine.", "go_to": "ask"}]}

    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("well I do not know", sure=False)
        await call.quiet(0.2)
        await call.say("but tell me", sure=False)
        await call.until(lambda: len(turns(call, Speaker.AGENT)) == 2)
        await call.hang_up()
        told = counters(call)
        assert told["eager_started"] > told["eager_used"]
        assert not any(told[name] for name in told if name.endswith("_tokens"))
        assert set(turns(call, Speaker.AGENT)[1].cost) == {"tts_characters"}

    play(scene, agent={"flow": {"start": "ask", "states": {"ask": asks}}})


def test_a_speech_to_speech_model_costs_what_it_says(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        talker.talk.hear("what do you sell", end_of_turn=True)
        await call.until(lambda: len(turns(call, Speaker.AGENT)) == 2)
        assert turns(call, Speaker.AGENT)[1].cost == {"prompt_tokens": 50, "completion_tokens": 7}
        await call.hang_up()
        assert counters(call)["stt_s"] == 0  # the model hears for itself

    talker = FakeTalker([Written("We sell lamps."), bytes(8000), Usage(50, 7)])
    play(scene, talkers=(talker,), agent={"speech_to_speech": ["talker"]})
