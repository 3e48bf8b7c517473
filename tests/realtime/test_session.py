from __future__ import annotations

import asyncio

import pytest

from dialer.conversation.facts import (
    Ending,
    EndReason,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    PastTurn,
    Reply,
    Speaker,
    StreamStarted,
    ToolWanted,
    TurnFinished,
)
from dialer.errors import VendorBusy
from dialer.llm.base import ToolCall
from tests.realtime.calling import CONFIRMATION, GOODBYE, MESSAGE, OPENER, STILL_THERE, Call
from tests.realtime.scripted import (
    FakeBrain,
    FakeRecognizer,
    FakeVoice,
)


def test_greets_first_and_proves_that_the_opener_was_heard(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        assert isinstance(call.hand.facts[0], StreamStarted)
        assert call.hand.said() == [("agent", "opener", OPENER)]

    play(scene)


def test_answers_what_the_person_says(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Yes, what is it about?")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[1:] == [
            ("person", "talk", "Yes, what is it about?"),
            ("agent", "talk", "We sell lamps. Are you interested?"),
        ]
        timings = call.hand.of(TurnFinished)[-1].timings_ms
        assert 100 <= timings["stt_final"] <= timings["first_token"] <= timings["first_audio"] <= timings["sent"]
        assert [m.role for m in call.brain.asked[0]] == ["system", "assistant", "user"]

    play(scene, brain=FakeBrain(["We sell lamps. ", "Are you ", "interested?"]))


def test_latency_beyond_the_vendors_is_the_wait_for_silence_and_our_overhead(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        heard_s = call.ears.fed / 8000
        await call.quiet(0.9)
        call.ears.hear("Yes, what is it about?", end_of_turn=True, ended_s=heard_s + 0.3)  # 0.6 s late
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        told = call.hand.of(TurnFinished)[-1].timings_ms
        assert told["stt_wait"] == pytest.approx(600, abs=45)
        assert told["endpoint_wait"] == pytest.approx(300, abs=45)
        assert told["llm"] == pytest.approx(150, abs=5)
        assert told["ttfa"] == pytest.approx(80, abs=5)
        assert 0 <= told["turn_latency_over_vendor_ms"] - told["endpoint_wait"] <= 45

    play(scene, brain=FakeBrain(["We sell lamps. ", "Are you ", "interested?"]))


def test_opener_is_not_interrupted_by_talk(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(3.0)
        await call.say("I am at work.", 1.5)
        await call.opener()
        assert call.phone.clears == []
        assert ("agent", "opener", OPENER) in call.hand.said()
        await call.until(lambda: call.hand.said()[-1][1:] == ("talk", "All right."))

    play(scene)


def test_who_is_this_is_answered_by_the_opener(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Hello, who is this?", 1.0)
        await call.opener()
        await call.quiet(2.0)
        assert call.brain.asked == []

    play(scene)


def test_final_words_that_come_late_are_not_answered_twice(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("what is it", is_final=False)
        await call.until(lambda: len(call.brain.asked) == 1)
        call.ears.hear("What is it?", end_of_turn=True)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        await call.quiet(2.0)
        assert len(call.brain.asked) == 1

    play(scene)


def test_opt_out_cuts_the_opener_and_is_confirmed_after_its_commit(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.delay_s = 0.5
        await call.quiet(0.5)
        await call.say("Stop calling me!", 1.0)
        await call.until(lambda: call.hand.of(OptedOut))
        told = call.loop.time()
        sent = len(call.phone.frames)
        await call.quiet(0.4)
        assert len(call.phone.frames) == sent
        await call.until(lambda: call.running.done())
        assert call.phone.frames[sent] >= told + 0.5 - 0.02  # the fact is seen up to a frame after it was told
        assert call.hand.of(OptedOut) == [OptedOut("words", "Stop calling me!")]
        assert call.hand.before(OptedOut).text == "Stop calling me!"
        assert not call.hand.of(OpenerCompleted)
        assert call.hand.of(Ending) == [Ending(EndReason.OPT_OUT)]
        assert ("agent", "goodbye", CONFIRMATION) in call.hand.said()
        assert call.hand.facts[-1].reason is EndReason.OPT_OUT

    play(scene)


def test_digit_nine_opts_out_without_the_model(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(0.5)
        call.session.pressed("9")
        await call.until(lambda: call.running.done())
        assert call.hand.of(OptedOut) == [OptedOut("digit", "9")]
        assert call.hand.before(OptedOut).text == "9"
        assert call.hand.before(OptedOut).kind == "digits"
        assert call.brain.asked == []

    play(scene)


def test_opt_out_said_while_hanging_up_is_not_lost(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.loop.call_later(0.3, call.ears.hear, "take me off your list")
        await call.hang_up()
        assert call.hand.of(OptedOut) == [OptedOut("words", "take me off your list")]
        assert call.hand.before(OptedOut).text == "take me off your list"

    play(scene)


LONG = "This is a rather long sentence about lamps which nobody would ever want to hear to its very end."


def test_barge_in_clears_within_200_ms_and_keeps_only_what_was_heard(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Tell me more.")
        await call.until(lambda: len(call.phone.frames) > 600)
        began = call.loop.time()
        await call.voice(0.5)
        assert call.phone.clears
        assert call.phone.clears[0] - began <= 0.2
        call.ears.hear("wait a moment please", is_final=False)
        await call.voice(0.3)
        turn = call.hand.of(TurnFinished)[-1]
        assert turn.interrupted
        assert 0 < len(turn.text) < len(LONG)
        assert LONG.startswith(turn.text)
        await call.quiet(0.1)
        call.ears.hear("wait a moment please", end_of_turn=True)
        await call.until(lambda: len(call.brain.asked) == 2)
        assert [m.text for m in call.brain.asked[1][-2:]] == [turn.text, "wait a moment please"]

    play(scene, brain=FakeBrain([LONG]))


def test_back_channel_does_not_interrupt(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Tell me more.")
        await call.until(lambda: len(call.phone.frames) > 600)
        await call.say("Uh-huh.", 0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        turn = call.hand.of(TurnFinished)[-1]
        assert (turn.text, turn.interrupted) == (LONG, False)
        assert len(call.brain.asked) == 1

    play(scene, brain=FakeBrain([LONG]))


def test_noise_lets_the_sentence_go_on(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Tell me more.")
        await call.until(lambda: len(call.phone.frames) > 600)
        await call.voice(0.3)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.of(TurnFinished)[-1].text == LONG
        assert call.phone.clears

    play(scene, brain=FakeBrain([LONG]))


def test_goes_on_listening_when_the_person_speaks_before_the_answer(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("I was wondering.", 1.0)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 2)
        await call.say("What does it cost?", 1.0)
        await call.until(lambda: len(call.brain.asked) == 2)
        assert [m.text for m in call.brain.asked[1][-2:]] == ["I was wondering.", "What does it cost?"]

    play(scene, brain=FakeBrain(token_s=5.0))


@pytest.mark.parametrize("said", [["Goodbye then."], []])
def test_end_call_is_said_committed_and_then_closed(play, said) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("No thanks.")
        await call.until(lambda: call.running.done())
        assert call.hand.of(ToolWanted) == [ToolWanted("1.1", "end_call", {})]
        assert call.hand.of(Ending) == [Ending(EndReason.AGENT)]
        assert call.hand.said()[-1][2] == (said[0] if said else GOODBYE)
        assert call.phone.closed_at

    play(scene, brain=FakeBrain([*said, ToolCall("t", "end_call", {})]))


def test_transfer_commits_before_the_socket_is_closed(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(transfer_to="+12125550123")
        await call.opener()
        await call.say("Let me talk to a human.")
        await call.until(lambda: call.hand.of(ToolWanted))
        call.hand.delay_s = 0.5
        await call.until(lambda: call.hand.of(Ending))
        await call.quiet(0.4)
        assert not call.phone.closed_at
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.TRANSFER, "+12125550123")]
        assert call.hand.said()[-1][2] == "One moment, I connect you."

    play(scene, brain=FakeBrain(["One moment, I connect you.", ToolCall("t", "transfer", {"reason": "asks"})]))


def test_tool_result_goes_back_to_the_model(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(text="Booked for Tuesday 10:00.")
        await call.opener()
        await call.say("Call me on Tuesday.")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.brain.asked[1][-1].text == "Booked for Tuesday 10:00."
        assert call.hand.said()[-1][2] == "Done, until Tuesday."

    play(
        scene,
        brain=FakeBrain([ToolCall("t", "schedule_callback", {"when": "2026-11-24T10:00"})], ["Done, until Tuesday."]),
    )


def test_do_not_call_tool_is_an_opt_out(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("I would rather you people vanish.")
        await call.until(lambda: call.running.done())
        assert call.hand.of(OptedOut) == [OptedOut("tool", "I would rather you people vanish.")]
        assert call.hand.said()[-1][2] == CONFIRMATION

    play(scene, brain=FakeBrain([ToolCall("t", "do_not_call", {})]))


def test_voicemail_waits_for_the_end_of_the_greeting_and_leaves_its_message_once(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("You have reached Pat. Please leave a message after the tone.", 3.0)
        await call.until(lambda: call.hand.of(MachineHeard))
        assert call.phone.clears
        await call.voice(1.0)
        greeting_over = call.loop.time()
        await call.until(lambda: call.running.done())
        assert call.hand.of(MachineHeard)[0].verdict == "voicemail"
        message = [turn for turn in call.hand.of(TurnFinished) if turn.kind == "voicemail"]
        assert [turn.text for turn in message] == [MESSAGE]
        assert message[0].started_s + 1000 >= greeting_over - 0.1
        assert call.hand.facts[-1].reason is EndReason.VOICEMAIL
        assert call.brain.asked == []

    play(scene)


def test_carrier_verdict_of_a_finished_greeting_leaves_the_message_at_once(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(1.0)
        call.session.machine("machine_end_beep")
        await call.until(lambda: call.running.done())
        assert ("agent", "voicemail", MESSAGE) in call.hand.said()

    play(scene)


def test_screener_is_told_who_calls_and_the_person_is_talked_to(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        assert call.hand.of(MachineHeard)[0].verdict == "screening"
        await call.say("Thank you, please hold on.", 1.5)
        await call.quiet(2.0)
        assert call.brain.asked == []
        assert not call.hand.of(OpenerCompleted)
        await call.say("Hello, Pat here.")
        await call.opener()
        assert call.hand.of(MachineHeard)[-1].verdict == "human"
        await call.say("Yes, what is it about?")
        await call.until(lambda: call.hand.said()[-1][2] == "All right.")

    play(scene)


def test_screener_that_seemed_a_person_is_a_screener_after_all(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        await call.say("Hello? Is anybody there?", 1.5)
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("This person is not available. Goodbye.")
        await asyncio.sleep(0)
        await call.hang_up()
        assert call.hand.facts[-1].reason is EndReason.SCREENED

    play(scene)


def test_screener_that_turns_us_away_ends_the_call(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        await call.say("This person is not available. Goodbye.", 2.0)
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.SCREENED)]

    play(scene)


def test_silence_is_prompted_and_then_ended_politely(play) -> None:
    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done(), 120)
        assert [turn[2] for turn in call.hand.said()] == [OPENER, STILL_THERE, STILL_THERE, GOODBYE]
        assert call.hand.of(Ending) == [Ending(EndReason.SILENCE)]

    play(scene)


def test_call_has_a_maximum_length(play) -> None:
    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done(), 60)
        assert call.hand.of(Ending) == [Ending(EndReason.TOO_LONG)]
        assert 30 <= call.hand.facts[-1].talk_s < 40

    play(scene, agent={"turntaking": {"max_call_s": 30, "silence_prompt_s": 60}})


def test_takeover_apologises_and_answers_what_was_left_open(play) -> None:
    async def scene(call: Call) -> None:
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 2)
        assert call.hand.said() == [
            ("agent", "apology", "Sorry, I lost you for a moment."),
            ("agent", "talk", "All right."),
        ]
        assert call.hand.of(TurnFinished)[0].number == 3
        assert [m.text for m in call.brain.asked[0][1:3]] == [OPENER, "What does it cost?"]

    play(
        scene,
        past=(PastTurn(Speaker.AGENT, OPENER), PastTurn(Speaker.PERSON, "What does it cost?")),
        opener_done=True,
    )


def test_takeover_says_an_opener_again_that_was_cut_short(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        assert call.hand.said() == [("agent", "opener", OPENER)]

    play(scene, past=(PastTurn(Speaker.AGENT, "Hi there,"),))


def test_next_voice_finishes_the_sentence_when_one_breaks_off(play) -> None:
    first, second = FakeVoice("first"), FakeVoice("second")

    async def scene(call: Call) -> None:
        await call.opener()
        first.breaks_after = 10
        await call.say("Tell me more.")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[-1] == ("agent", "talk", LONG)
        assert LONG.endswith(second.said[0])
        assert len(second.said[0]) < len(LONG)

    play(scene, brain=FakeBrain([LONG]), voices=(first, second))


def test_next_recognizer_takes_over(play) -> None:
    first, second = FakeRecognizer("first"), FakeRecognizer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        first.broken = True
        first.opened[0].queue.put_nowait(VendorBusy("first", "cut"))
        await call.voice(0.5)
        assert second.opened[0].fed > 0
        second.opened[0].hear("Who is this?", end_of_turn=True)
        await call.until(lambda: len(call.brain.asked) == 1)

    play(scene, recognizers=(first, second))


def test_without_a_voice_for_the_opener_there_is_no_call(play) -> None:
    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done())
        assert not call.hand.of(OpenerCompleted)
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]

    play(scene, voices=(FakeVoice(breaks_after=0),))


def test_without_a_recognizer_the_call_ends_politely(play) -> None:
    recognizer = FakeRecognizer()
    recognizer.broken = True

    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]

    play(scene, recognizers=(recognizer,))


def test_hanging_up_while_being_transferred_is_no_transfer(play) -> None:
    async def scene(call: Call) -> None:
        call.hand.replies[ToolWanted] = Reply(transfer_to="+12125550123")
        await call.opener()
        await call.say("Let me talk to a human.")
        await call.until(lambda: call.hand.of(ToolWanted))
        await call.quiet(0.5)
        await call.hang_up()
        assert not call.hand.of(Ending)
        assert call.hand.facts[-1].reason is EndReason.PERSON

    play(scene, brain=FakeBrain(["One moment, I connect you now to a colleague.", ToolCall("t", "transfer", {})]))


def test_without_a_model_the_call_ends_politely(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Who is this?")
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]

    play(scene, brain=FakeBrain([VendorBusy("brain", "down")]))


def test_lost_seat_falls_silent(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        call.hand.replies[TurnFinished] = Reply(ok=False, lost=True)
        sent = len(call.phone.frames)
        await call.say("Hello?")
        await call.until(lambda: call.running.done())
        assert len(call.phone.frames) == sent
        assert call.phone.closed_at
        assert not call.hand.of(Ending)

    play(scene)


def test_silent_stream_is_given_up_without_an_ending(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await asyncio.sleep(2.5)
        assert call.running.done()
        assert call.hand.facts[-1].reason is EndReason.LOST
        assert not call.hand.of(Ending)

    play(scene)


def test_card_number_reaches_neither_model_nor_row(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("My card is 4111 1111 1111 1111.")
        await call.until(lambda: len(call.brain.asked) == 1)
        assert "4111" not in str(call.hand.facts)
        assert "4111" not in str(call.brain.asked)

    play(scene)
