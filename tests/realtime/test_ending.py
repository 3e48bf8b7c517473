"""How a call ends: by an opt-out, a tool, silence, its length, or the loss of its seat or stream."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from dialer.conversation.facts import (
    Ending,
    EndReason,
    HandedIn,
    OpenerCompleted,
    OptedOut,
    Reply,
    ToolWanted,
    TurnFinished,
)
from dialer.llm.base import ToolCall
from tests.realtime import calling
from tests.realtime.calling import CONFIRMATION, GOODBYE, OPENER, STILL_THERE, Call
from tests.realtime.scripted import (
    FakeBrain,
    FakeTrack,
    LoudEar,
)


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
        assert call.phone.frames[sent] >= told + 0.5 - 0.021  # the fact is seen up to a frame after it was told
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


def test_a_stream_that_begins_after_the_end_is_closed_in_silence(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.hang_up()
        spoken, opened = len(call.phone.frames), len(call.recognizers[0].opened)
        call.phone.closed_at = 0.0
        call.session.started("MZ2", call.phone)
        await call.quiet(5.0)
        assert call.phone.closed_at
        assert (len(call.phone.frames), len(call.recognizers[0].opened)) == (spoken, opened)

    play(scene)


def test_an_opt_out_is_committed_though_something_else_ends_the_call_at_that_moment(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("never call me again", end_of_turn=True)
        begun = call.session._dialogue._activity.start
        call.session._dialogue._activity.start = lambda work: (begun(work), call.session._dialogue._activity.cancel())
        await call.quiet(1.0)
        assert call.hand.of(OptedOut) == [OptedOut("words", "never call me again")]
        await call.hang_up()
        assert call.hand.of(HandedIn)[0].reason is EndReason.OPT_OUT

    play(scene)


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


def test_do_not_call_tool_is_an_opt_out(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("I would rather you people vanish.")
        await call.until(lambda: call.running.done())
        assert call.hand.of(OptedOut) == [OptedOut("tool", "I would rather you people vanish.")]
        assert call.hand.said()[-1][2] == CONFIRMATION

    play(scene, brain=FakeBrain([ToolCall("t", "do_not_call", {})]))


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


def test_a_call_whose_recording_breaks_is_handed_in_without_it(play, monkeypatch) -> None:
    def broken(_: FakeTrack) -> Future[str]:
        future: Future[str] = Future()
        future.set_exception(RuntimeError("nobody foresaw it"))
        return future

    async def scene(call: Call) -> None:
        await call.opener()
        await call.hang_up()
        assert call.hand.of(HandedIn)[0].recording == ""

    monkeypatch.setattr(FakeTrack, "close", broken)
    play(scene)


def test_a_turn_that_the_end_of_the_call_cuts_lasted_until_then(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(0.5)
        call.ears.hear("well I was just about to")
        await call.voice(0.57)
        await call.hang_up()
        turn = call.hand.of(TurnFinished)[-1]
        assert turn.ended_s - turn.started_s == pytest.approx(1.07, abs=0.03)

    play(scene)


class BreakingEar(LoudEar):
    """Breaks at its next frame once it is told to, and stays broken."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.closed = 0

    def feed(self, frame: bytes, now: float) -> None:
        if self.broken:
            raise RuntimeError("nobody foresaw it")
        super().feed(frame, now)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("frames", [1, 2], ids=["heard by a tick", "heard as it comes"])
@pytest.mark.parametrize(
    ("words", "reason", "opted_out"),
    [
        ("What does it cost?", EndReason.FAILED, []),
        ("Never call me again.", EndReason.OPT_OUT, [OptedOut("words", "Never call me again.")]),
    ],
)
def test_a_call_whose_ear_breaks_is_over_at_once_and_its_words_so_far_count(
    play, monkeypatch: pytest.MonkeyPatch, frames: int, words: str, reason: EndReason, opted_out: list[OptedOut]
) -> None:
    ear = BreakingEar()
    monkeypatch.setattr(calling, "LoudEar", lambda: ear)

    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        call.ears.hear(words)
        ear.broken = True
        await call.voice(0.02 * frames)
        await asyncio.sleep(0.1)
        await call.running
        assert call.hand.of(HandedIn)[0].reason is reason
        assert call.hand.of(OptedOut) == opted_out
        assert (call.over, ear.closed, call.ears.closed) == (1, 1, True)

    play(scene)
