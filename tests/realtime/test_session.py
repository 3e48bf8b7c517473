"""A call from its opener on: who speaks when, what is answered, and what a takeover says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from dialer.conversation.facts import (
    PastTurn,
    Reply,
    Speaker,
    StreamStarted,
    ToolWanted,
    TurnFinished,
)
from dialer.llm.base import ToolCall
from tests.realtime import calling
from tests.realtime.calling import OPENER, Call
from tests.realtime.scripted import (
    VOICE_FRAME,
    FakeBrain,
    LoudEar,
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
        past=(PastTurn(1, 1, Speaker.AGENT, OPENER), PastTurn(1, 2, Speaker.PERSON, "What does it cost?")),
        opener_done=True,
    )


def test_takeover_says_an_opener_again_that_was_cut_short(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        assert call.hand.said() == [("agent", "opener", OPENER)]

    play(scene, past=(PastTurn(1, 1, Speaker.AGENT, "Hi there,"),))


def test_card_number_reaches_neither_model_nor_row(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("My card is 4111 1111 1111 1111.")
        await call.until(lambda: len(call.brain.asked) == 1)
        assert "4111" not in str(call.hand.facts)
        assert "4111" not in str(call.brain.asked)

    play(scene)


@pytest.mark.parametrize(("stall_s", "burst"), [(0.3, 15), (0.6, 30)])
def test_audio_that_is_late_is_no_silence(play, stall_s: float, burst: int) -> None:
    """Packets hang on the way, or our own loop does: whoever was speaking may be speaking still."""

    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("I have two kids.")
        await call.voice(0.6)
        await asyncio.sleep(stall_s)
        assert call.brain.asked == []
        for _ in range(burst):
            call.session.audio(VOICE_FRAME)
        await call.voice(1.0)
        assert call.brain.asked == []
        call.ears.hear("and they are loud", end_of_turn=True)
        await call.until(lambda: call.brain.asked)
        assert call.brain.asked[0][-1].text == "I have two kids. and they are loud"

    play(scene)


def test_a_line_that_falls_silent_altogether_is_a_silence(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("I have two kids.")
        await asyncio.sleep(1.5)
        assert len(call.brain.asked) == 1

    play(scene)


class Logged(LoudEar):
    """Keeps when it was given each frame, and for when."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[float, float]] = []

    def feed(self, frame: bytes, now: float) -> None:
        super().feed(frame, now)
        self.given.append((asyncio.get_running_loop().time(), now))


def test_each_frame_is_heard_once_for_its_own_time_and_each_by_itself_while_it_counts(
    play, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Logged()
    monkeypatch.setattr(calling, "LoudEar", lambda: ear)
    came: list[float] = []
    heard: dict[str, list[tuple[float, float]]] = {}

    async def part(call: Call, name: str, frames: Awaitable[None]) -> None:
        began = call.loop.time()
        await frames
        heard[name] = [(at_s, for_s) for at_s, for_s in ear.given if for_s >= began]

    async def scene(call: Call) -> None:
        take = call.session.audio

        def audio(mulaw: bytes) -> None:
            came.append(call.loop.time())
            take(mulaw)

        monkeypatch.setattr(call.session, "audio", audio)
        await call.opener()
        await part(call, "silence", call.quiet(1.0))
        await part(call, "noise", call.noise(1.0))
        await part(call, "speech", call.voice(1.0))
        await part(call, "pause", call.quiet(0.16))
        await call.quiet(0.02 * (len(came) % 2 + 1))  # an odd number, and then none
        await asyncio.sleep(0.06)
        assert len(ear.given) == len(came)
        await call.quiet(0.02)
        await call.hang_up()

    play(scene)

    assert [for_s for _, for_s in ear.given] == pytest.approx(came, abs=1e-6)
    late = {name: {round(at_s - for_s, 3) for at_s, for_s in given} for name, given in heard.items()}
    assert late["silence"] == {round(0.02 * frames, 2) for frames in range(10)}
    assert late["noise"] == {0.0, 0.02}
    assert sum(at_s > for_s for at_s, for_s in heard["speech"]) <= 1  # up to its begin
    assert sum(at_s > for_s for at_s, for_s in heard["pause"]) <= 3  # from the moment on that it may be the turn's end
