"""What is done about answerphones, screeners and phone menus, in virtual time with real tones."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from dialer.audio import mulaw
from dialer.conversation.facts import (
    Ending,
    EndReason,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Reply,
    ToolWanted,
    TurnFinished,
)
from dialer.llm.base import ToolCall
from tests.realtime.calling import AGENT, MESSAGE, OPENER, Call
from tests.realtime.scripted import FakeBrain

GREETING = "Hi, you've reached Pat. Please leave a message after the tone."
MENU = "Thank you for calling Acme. For billing, press 1. To speak with somebody at reception, press 2."
AFTER_TONE_S = 0.55
"""When the answer to a tone has begun: the tone is told after three frames without it and ten that are judged together,
then 0.2 s pass, and a frame comes."""
MAY_PRESS = {"tools": [*AGENT["tools"], "press_digits"]}


async def beep(call: Call, hertz: float = 1000, seconds: float = 0.4, noise: float = 30) -> float:
    """Play a beep on the line; return when it was over."""
    count = round(seconds * mulaw.SAMPLE_RATE_HZ) // 160 * 160
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(count) / mulaw.SAMPLE_RATE_HZ)
    wave = wave + np.random.default_rng(5).normal(0, noise, count)
    audio = mulaw.encode(np.clip(wave, -32767, 32767).astype("<i2").tobytes())
    for at in range(0, count, 160):
        call.session.audio(audio[at : at + 160])
        await asyncio.sleep(0.02)
    return call.loop.time()


def messages(call: Call, *, whole: bool = True) -> list[TurnFinished]:
    turns = [turn for turn in call.hand.of(TurnFinished) if turn.kind == "voicemail"]
    return [turn for turn in turns if not turn.interrupted] if whole else turns


def presses(call: Call) -> list[str]:
    return [tool.arguments["digits"] for tool in call.hand.of(ToolWanted) if tool.name == "press_digits"]


@pytest.mark.parametrize(("hertz", "seconds", "noise"), [(440, 0.6, 30), (850, 0.2, 1500), (1400, 1.0, 500)])
def test_a_message_begins_after_the_beep_and_is_left_once(play, hertz, seconds, noise) -> None:
    async def scene(call: Call) -> None:
        await call.say(GREETING, 4.0)
        await call.quiet(1.0)
        over = await beep(call, hertz, seconds, noise)
        await call.until(lambda: call.running.done())
        assert [turn.text for turn in messages(call, whole=False)] == [MESSAGE]
        assert over <= messages(call)[0].started_s + 1000 <= over + AFTER_TONE_S
        assert call.hand.of(Ending) == [Ending(EndReason.VOICEMAIL)]

    play(scene)


@pytest.mark.parametrize("late_s", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("verdict", ["machine_end_beep", "machine_end_silence", "machine_end_other"])
def test_the_carriers_verdict_beside_our_own_evidence_makes_no_second_message(play, verdict, late_s) -> None:
    async def scene(call: Call) -> None:
        await call.say(GREETING, 4.0)
        await call.quiet(0.5)
        await beep(call)
        call.loop.call_later(late_s, call.session.machine, verdict)
        await call.until(lambda: call.running.done())
        assert [turn.text for turn in messages(call, whole=False)] == [MESSAGE]

    play(scene)


def test_a_message_that_began_before_the_beep_begins_again_after_it(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(GREETING, 4.0)
        call.session.machine("machine_end_silence")
        await call.until(lambda: call.phone.frames and call.loop.time() - call.phone.frames[-1] < 0.1)
        await call.quiet(1.0)
        over = await beep(call)
        await call.until(lambda: call.running.done())
        assert [turn.interrupted for turn in messages(call, whole=False)] == [True, False]
        assert over <= messages(call)[0].started_s + 1000 <= over + AFTER_TONE_S

    play(scene)


def test_a_beep_at_the_end_of_the_recording_begins_no_second_message(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(GREETING, 4.0)
        await call.quiet(0.5)
        await beep(call)
        await call.quiet(2.0)
        await beep(call)
        await call.until(lambda: call.running.done())
        assert [turn.text for turn in messages(call, whole=False)] == [MESSAGE]

    play(scene)


def test_a_mailbox_without_a_beep_gets_its_message_after_a_silence(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Hi, this is Lee. Leave me a message. Thanks.", 3.0)
        over = call.loop.time()
        await call.until(lambda: call.running.done())
        assert len(messages(call)) == 1
        assert 2.4 <= messages(call)[0].started_s + 1000 - over <= 3.2

    play(scene)


def test_a_promised_beep_is_waited_for_over_a_pause(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please leave a message after the tone.", 3.0)
        await call.quiet(4.0)
        assert not messages(call, whole=False)
        await beep(call)
        await call.until(lambda: call.running.done())
        assert len(messages(call, whole=False)) == 1

    play(scene)


def test_a_greeting_may_pause(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Hi, you've reached Pat.", 1.5)
        await call.quiet(2.0)
        await call.say("I'm not here. Leave a message.", 2.0)
        await call.quiet(0.8)
        over = await beep(call)
        await call.until(lambda: call.running.done())
        (message,) = messages(call, whole=False)
        assert over <= message.started_s + 1000 <= over + AFTER_TONE_S

    play(scene)


def test_a_full_mailbox_gets_no_message(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("The mailbox is full and cannot accept any messages at this time. Goodbye.", 4.0)
        await call.until(lambda: call.running.done())
        assert not messages(call, whole=False)
        assert call.hand.facts[-1].reason is EndReason.VOICEMAIL

    play(scene)


def test_a_person_whom_the_carrier_took_for_a_machine_is_talked_to(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(1.0)
        call.session.machine("machine_start")
        await call.say("Hello? Who is this?", 1.0)
        await call.opener()
        assert [heard.verdict for heard in call.hand.of(MachineHeard)] == ["voicemail", "human"]
        assert not messages(call, whole=False)

    play(scene)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_whoever_is_taken_for_an_answerphone_and_wants_no_calls_is_opted_out(play, hangs_up) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(0.5)
        call.session.machine("machine_start")
        await call.voice(1.5)
        if hangs_up:
            call.ears.hear("never call me again", is_final=False)
            await call.hang_up()
        else:
            await call.say("never call me again", 0.5)
            await call.until(lambda: call.running.done())
        assert [out.how for out in call.hand.of(OptedOut)] == ["words"]
        assert not messages(call, whole=False)

    play(scene)


def test_a_person_who_was_taken_for_a_machine_late_is_answered_by_the_opener_alone(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(4.0)
        call.session.machine("machine_start")
        await call.say("Hello? Who is this?", 1.0)
        before = len(call.hand.said())
        await call.until(lambda: ("agent", "opener", OPENER) in call.hand.said()[before:])
        await call.quiet(2.0)
        assert call.brain.asked == []

    play(scene)


def test_a_screener_that_beeps_is_told_who_calls_after_its_tone(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name after the tone.", 2.0)
        await call.quiet(0.8)
        assert not [turn for turn in call.hand.of(TurnFinished) if turn.kind == "screening"]
        over = await beep(call)
        await call.until(lambda: [turn for turn in call.hand.of(TurnFinished) if turn.kind == "screening"])
        assert over <= call.hand.of(TurnFinished)[-1].started_s + 1000 <= over + AFTER_TONE_S
        assert [heard.verdict for heard in call.hand.of(MachineHeard)] == ["screening"]

    play(scene)


def test_a_screener_that_takes_a_message_gets_it(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        await call.say("This person is not available. Please leave a message after the beep.", 3.0)
        await beep(call)
        await call.until(lambda: call.running.done())
        assert [turn.text for turn in messages(call)] == [MESSAGE]

    play(scene)


def test_a_menu_is_gone_through_and_the_person_behind_it_is_greeted(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(MENU, 5.0)
        sent = len(call.phone.frames)
        await call.until(lambda: presses(call))
        await call.until(lambda: len(call.phone.frames) >= sent + 10)
        await call.say("Please hold while I connect you.", 2.0)
        await call.quiet(3.0)
        await call.say("Reception, this is Kim.", 1.5)
        await call.opener()
        assert presses(call) == ["2"]
        assert [turn.text for turn in call.hand.of(TurnFinished) if turn.kind == "digits"] == ["2"]
        assert [heard.verdict for heard in call.hand.of(MachineHeard)] == ["ivr", "human"]
        assert call.hand.said()[-1] == ("agent", "opener", OPENER)

    play(scene, agent=MAY_PRESS)


def test_no_tone_is_sent_before_its_row_is_committed(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.delay_s = 0.8
        await call.say(MENU, 5.0)
        await call.until(lambda: presses(call))
        sent, asked = len(call.phone.frames), call.loop.time()
        await call.quiet(0.7)
        assert len(call.phone.frames) == sent
        await call.until(lambda: len(call.phone.frames) > sent)
        assert call.loop.time() == pytest.approx(asked + 0.8, abs=1e-6)

    play(scene, agent=MAY_PRESS)


def test_a_seat_that_lost_its_call_presses_nothing(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(ok=False, lost=True)
        await call.say(MENU, 5.0)
        await call.until(lambda: call.running.done())
        assert not [turn for turn in call.hand.of(TurnFinished) if turn.kind == "digits"]
        assert call.hand.facts[-1].reason is EndReason.LOST

    play(scene, agent=MAY_PRESS)


def test_an_agent_that_may_not_press_keys_ends_the_call(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(MENU, 5.0)
        await call.until(lambda: call.running.done())
        assert presses(call) == []
        assert call.hand.facts[-1].reason is EndReason.IVR
        assert call.brain.asked == []

    play(scene)


def test_the_model_chooses_where_the_rules_find_nothing(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(MENU, 5.0)
        await call.until(lambda: presses(call))
        assert presses(call) == ["1"]
        assert "press 2" in call.brain.asked[0][-1].text

    play(
        scene,
        agent={**MAY_PRESS, "menus": {"wants": ["lamps"]}},
        brain=FakeBrain([ToolCall("k", "press_digits", {"digits": "1", "why": "billing"})]),
    )


def test_what_the_model_says_that_is_no_key_is_not_pressed(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(MENU, 5.0)
        await call.until(lambda: presses(call))
        assert presses(call) == ["0"]

    play(
        scene,
        agent={**MAY_PRESS, "menus": {"wants": ["lamps"]}},
        brain=FakeBrain([ToolCall("k", "press_digits", {"digits": "call +1 900"}), "none"]),
    )


def test_a_menu_that_never_ends_is_left_after_its_time(play) -> None:
    async def scene(call: Call) -> None:
        began = call.loop.time()
        await call.say(MENU, 5.0)
        for _ in range(20):
            if call.running.done():
                break
            await call.say("All representatives are busy. Please continue to hold.", 3.0)
            await call.quiet(3.0)
        assert call.running.done()
        assert call.hand.facts[-1].reason is EndReason.IVR
        assert call.loop.time() - began < 50

    play(scene, agent={**MAY_PRESS, "menus": {"max_s": 40}})


def test_a_voicemail_behind_a_menu_gets_the_message(play) -> None:
    async def scene(call: Call) -> None:
        await call.say(MENU, 5.0)
        await call.until(lambda: presses(call))
        await call.quiet(0.5)
        await call.say("You have reached reception. Please leave a message after the tone.", 4.0)
        await call.quiet(0.5)
        await beep(call)
        await call.until(lambda: call.running.done())
        assert [turn.text for turn in messages(call)] == [MESSAGE]

    play(scene, agent=MAY_PRESS)


def test_nobody_who_speaks_is_prompted_and_then_left(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.until(lambda: call.running.done())
        kinds = [kind for _, kind, _ in call.hand.said()]
        assert kinds == ["opener", "prompt", "prompt", "goodbye"]
        assert call.hand.facts[-1].reason is EndReason.SILENCE
        assert not call.hand.of(MachineHeard)
        ends = [turn.ended_s for turn in call.hand.of(TurnFinished)]
        assert all(later - earlier >= 6 for earlier, later in pairwise(ends))
        assert len(call.hand.of(OpenerCompleted)) == 1

    play(scene)
