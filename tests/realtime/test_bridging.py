"""Tools that take their time, and keys instead of words."""

from __future__ import annotations

import pytest

from dialer.conversation.facts import EndReason, HandedIn, OptedOut, Reply, ToolWanted, TurnFinished
from dialer.llm.base import ToolCall
from tests.realtime.calling import CONFIRMATION, OPENER, Call
from tests.realtime.scripted import FakeBrain, FakeVoice

FILLER = "Let me see."
LOOK_UP = ToolCall("t", "schedule_callback", {"when": "2026-11-24T10:00"})


def looks_up(*, said_first: str = "") -> FakeBrain:
    return FakeBrain([*([said_first] if said_first else []), LOOK_UP], ["Done."])


@pytest.mark.parametrize(("takes_s", "said"), [(3.0, f"{FILLER} Done."), (0.6, "Done.")])
def test_a_slow_tool_is_bridged(play, takes_s: float, said: str) -> None:
    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(text="Noted.")
        await call.opener()
        call.hand.delay_s = takes_s
        await call.say("Call me on Tuesday.")
        await call.until(lambda: call.hand.said()[-1][2].endswith("Done."))
        assert call.hand.said()[-1][2] == said

    play(scene, brain=looks_up(), agent={"filler": FILLER})


def test_the_filler_is_cached_before_it_is_needed(play) -> None:
    voice = FakeVoice()

    async def scene(call: Call) -> None:
        await call.opener()
        assert FILLER in voice.said
        call.hand.delay_s = 2.0
        await call.say("Call me on Tuesday.")
        await call.until(lambda: call.hand.of(ToolWanted))
        wanted = call.loop.time()
        sent = len(call.phone.frames)
        await call.until(lambda: len(call.phone.frames) > sent)
        assert call.loop.time() - wanted < 0.83  # after 0.8 s, and not with the next look at a silent call
        assert voice.said.count(FILLER) == 1

    play(scene, brain=looks_up(), voices=(voice,), agent={"filler": FILLER})


def test_nothing_is_bridged_while_the_agent_still_speaks(play) -> None:
    words = "I will look for a time on Tuesday that suits you and all of our colleagues here."

    async def scene(call: Call) -> None:
        await call.opener()
        call.hand.delay_s = 2.0
        await call.say("Call me on Tuesday.")
        await call.until(lambda: call.hand.said()[-1][2].endswith("Done."))
        assert call.hand.said()[-1][2] == f"{words} Done."

    play(scene, brain=looks_up(said_first=words), agent={"filler": FILLER})


def test_an_interrupted_tool_is_finished_and_its_result_known(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(text="Noted.")
        await call.opener()
        call.hand.delay_s = 2.0
        await call.say("Call me on Tuesday.")
        await call.until(lambda: call.hand.of(ToolWanted))
        await call.say("Wait, one more thing.", 2.5)
        await call.until(lambda: len(call.brain.asked) >= 2)
        assert [m.text for m in call.brain.asked[1] if m.role == "tool"] == ["Noted."]

    play(scene, brain=looks_up(), agent={"filler": ""})


def test_keys_are_a_turn_of_their_own_that_is_answered(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        for key in "4711#":
            call.session.pressed(key)
            await call.quiet(0.3)
        await call.until(lambda: call.hand.said()[-1][2] == "Thank you.")
        assert ("person", "digits", "4711") in call.hand.said()
        assert call.brain.asked[0][-1].text == "[pressed keys] 4711"

    play(scene, brain=FakeBrain(["Thank you."]))


def test_keys_interrupt_what_is_being_said(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Tell me more.")
        sent = len(call.phone.frames)
        await call.until(lambda: len(call.phone.frames) > sent)
        call.session.pressed("2")
        call.session.pressed("#")
        await call.until(lambda: call.hand.said()[-1][2] == "Two it is.")
        assert [turn.kind for turn in call.hand.of(TurnFinished) if turn.interrupted] == ["talk"]

    menu = "Press one for a lamp, two for a chair, or three for a very large table."
    play(scene, brain=FakeBrain([menu], ["Two it is."]))


def test_keys_during_the_opener_are_answered_after_it(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(0.5)
        call.session.pressed("1")
        call.session.pressed("#")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said() == [("person", "digits", "1"), ("agent", "opener", OPENER), ("agent", "talk", "One.")]

    play(scene, brain=FakeBrain(["One."]))


def test_nine_in_the_conversation_opts_out_when_nothing_follows(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        call.session.pressed("9")
        await call.until(lambda: call.running.done())
        assert call.hand.of(OptedOut) == [OptedOut("digit", "9")]
        assert call.hand.said()[-1][2] == CONFIRMATION

    play(scene)


def test_nine_and_hanging_up_at_once_opts_out(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        call.session.pressed("9")
        await call.quiet(0.1)
        await call.hang_up()
        assert call.hand.of(OptedOut) == [OptedOut("digit", "9")]
        assert call.hand.of(HandedIn)[0].reason is EndReason.OPT_OUT

    play(scene)


def test_a_number_that_begins_with_nine_is_a_number(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        for key in "90210":
            call.session.pressed(key)
            await call.quiet(0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[1] == ("person", "digits", "90210")
        assert not call.hand.of(OptedOut)

    play(scene)


def test_card_numbers_in_keys_are_masked(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        for key in "4111111111111111#":
            call.session.pressed(key)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[1] == ("person", "digits", "[card number]")
        assert "4111" not in str(call.hand.facts) + str(call.brain.asked)

    play(scene)
