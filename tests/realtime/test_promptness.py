"""What does not wait: while nothing can come of it a call is looked at now and then, and at once when there is news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from dialer.audio.mulaw import BYTES_PER_MS, FRAME_MS
from dialer.conversation.deadlines import Deadlines
from dialer.conversation.dialogue import Dialogue
from dialer.conversation.facts import OptedOut, Speaker, TurnFinished
from dialer.conversation.floor import PLAIN_FRAMES
from dialer.conversation.machines import Machines
from dialer.speech2speech.base import Written
from tests.realtime import calling
from tests.realtime.calling import Call
from tests.realtime.scripted import SILENT_FRAME, VOICE_FRAME, FakeBrain, FakeTalker, FakeVoice, LoudEar


class CountingEar(LoudEar):
    def __init__(self) -> None:
        super().__init__()
        self.frames = 0

    def feed(self, frame: bytes, now: float) -> None:
        super().feed(frame, now)
        self.frames += 1


class BatchedLater(LoudEar):
    """Judges what it heard with the next run of a batch, and not as it is fed."""

    def feed(self, frame: bytes, now: float) -> None:
        self.alert = True
        asyncio.get_running_loop().call_later(0.015, super().feed, frame, now)


def moments(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> list[float]:
    """When a method that is told the time is called."""
    found: list[float] = []
    original = getattr(owner, method)

    def noted(self: object, now: float) -> object:
        found.append(now)
        return original(self, now)

    monkeypatch.setattr(owner, method, noted)
    return found


@pytest.mark.parametrize("first_s", [0.05, 0.07, 0.09, 0.11])
def test_an_opener_that_is_being_made_is_heard_by_the_next_frame(play, first_s: float) -> None:
    async def scene(call: Call) -> None:
        began = call.loop.time()
        await call.quiet(0.3)
        assert call.phone.frames[0] - began <= first_s + 0.021

    play(scene, voices=(FakeVoice(first_s=first_s),))


def test_a_line_that_is_there_is_heard_the_moment_it_is_wanted(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        call.hand.delay_s = 0.127  # between two frames
        call.session.pressed("9")
        await call.until(lambda: call.hand.of(OptedOut))
        sent, told = len(call.phone.frames), call.loop.time()
        await call.quiet(0.3)
        within_a_frame = (call.phone.frames[sent] - told) % 0.02
        assert within_a_frame == pytest.approx(0.007, abs=1e-6)

    play(scene)


def test_the_first_sound_of_a_speech_to_speech_model_is_sent_as_it_comes(play) -> None:
    talker = FakeTalker([Written("We sell lamps."), bytes(8000)])

    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        talker.talk.hear("what do you sell", end_of_turn=True)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        turn = call.hand.of(TurnFinished)[-1]
        assert turn.speaker is Speaker.AGENT
        assert turn.timings_ms["sent"] == turn.timings_ms["first_audio"]

    play(scene, talkers=(talker,), agent={"speech_to_speech": ["talker"]})


@pytest.mark.parametrize("news", ["words", "keys"])
def test_an_answer_begins_the_moment_the_person_is_known_to_have_finished(play, news: str) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        await call.quiet(0.5)
        await asyncio.sleep(0.007)
        now = call.loop.time()
        if news == "words":
            call.ears.hear("What is it?", end_of_turn=True)
        else:
            call.session.pressed("5")
            call.session.pressed("#")
        for _ in range(50):
            await asyncio.sleep(0)
        assert call.loop.time() == now
        assert len(call.brain.asked) == 1

    play(scene)


def test_the_agent_falls_silent_the_moment_a_voice_is_found(play, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = CountingEar()
    monkeypatch.setattr(calling, "LoudEar", lambda: ear)

    async def scene(call: Call) -> None:
        await call.opener()
        call.ears.hear("Tell me more.", end_of_turn=True)
        await call.until(lambda: len(call.phone.frames) > 600)
        await asyncio.sleep(0.007)
        now = call.loop.time()
        ear.voice(now - 0.1, now)
        ear.on_voice()
        assert call.phone.clears == [now]

    play(scene, brain=FakeBrain(["A rather long sentence about lamps which nobody would want to hear to its end."]))


def test_while_the_agent_speaks_each_frame_of_what_may_be_speech_is_heard_as_it_comes(
    play, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = CountingEar()
    monkeypatch.setattr(calling, "LoudEar", lambda: ear)

    async def scene(call: Call) -> None:
        for alert, late in ((False, {0, 1}), (True, {0})):
            ear.alert = alert
            await call.quiet(0.1)
            seen = set()
            for _ in range(10):
                before = ear.frames
                call.session.audio(SILENT_FRAME)
                seen.add(0 if ear.frames > before else 1)
                await asyncio.sleep(0.02)
            assert seen == late

    play(scene)


def test_each_frame_of_speech_goes_to_the_recognizer_as_it_comes_and_the_rest_is_seen_to_less_often(
    play, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = moments(monkeypatch, Dialogue, "take_turns")

    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(0.2)
        fed = call.ears.fed
        looks.clear()
        for frames in range(1, 51):
            call.session.audio(VOICE_FRAME)
            assert call.ears.fed == fed + frames * len(VOICE_FRAME)
            await asyncio.sleep(0.02)
        assert len(looks) == 50 / PLAIN_FRAMES
        looks.clear()
        await call.quiet(0.2)
        assert len(looks) >= 5  # from the moment on that it may be the turn's end each frame counts

    play(scene)


def test_a_burst_is_looked_at_once_and_heard_in_its_own_time(play, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = CountingEar()
    monkeypatch.setattr(calling, "LoudEar", lambda: ear)
    looks = moments(monkeypatch, Dialogue, "take_turns")

    async def scene(call: Call) -> None:
        await call.opener()
        await asyncio.sleep(0.4)  # nothing comes: the network, or this process, has stood still
        heard_s, fed, heard = ear.heard_until_s, call.ears.fed, ear.frames
        looks.clear()
        for more in (*[True] * 19, False):
            call.session.audio(VOICE_FRAME, more=more)
        assert len(looks) == 1
        assert ear.frames - heard == 20
        assert call.ears.fed - fed == 20 * len(VOICE_FRAME)
        assert ear.voiced_since_s == pytest.approx(max(heard_s, call.loop.time() - 0.4), abs=0.021)
        assert ear.last_voice_s == pytest.approx(call.loop.time())

    play(scene)


def test_a_burst_that_ends_in_silence_is_heard_at_once(play, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = CountingEar()
    monkeypatch.setattr(calling, "LoudEar", lambda: ear)

    async def scene(call: Call) -> None:
        await call.opener()
        await call.quiet(0.5)
        frames = ear.frames
        for frame, more in ((VOICE_FRAME, True), (VOICE_FRAME, True), (SILENT_FRAME, False)):
            call.session.audio(frame, more=more)
        assert ear.frames >= frames + 3

    play(scene)


@pytest.mark.parametrize("hung_up_after_s", [0.06, 0.3])
def test_a_wish_that_came_and_ended_in_one_burst_counts(play, hung_up_after_s: float) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await asyncio.sleep(0.7)
        for number in range(34):
            call.session.audio(VOICE_FRAME if number < 20 else SILENT_FRAME, more=number < 33)
        await call.quiet(hung_up_after_s)
        call.session.stopped()
        call.loop.call_later(0.3, lambda: call.ears.hear("don't call me again"))
        await call.running
        assert call.hand.of(OptedOut)

    play(scene)


def test_a_wish_that_is_not_judged_yet_as_the_call_ends_counts(play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "LoudEar", BatchedLater)

    async def scene(call: Call) -> None:
        await call.opener()
        await asyncio.sleep(0.7)
        for number in range(20):
            call.session.audio(VOICE_FRAME, more=number < 19)
        call.session.stopped()
        call.loop.call_later(0.3, lambda: call.ears.hear("don't call me again"))
        await call.running
        assert call.hand.of(OptedOut)

    play(scene)


def test_the_agent_falls_silent_though_a_mark_comes_with_each_frame_of_a_voice(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Tell me more.")
        await call.until(lambda: call.session._dialogue.speaking.active)
        await call.quiet(1.0)
        began = call.loop.time()
        while not call.phone.clears and call.loop.time() < began + 1:
            call.session.audio(VOICE_FRAME, more=True)
            call.session.marked("none of ours")
            await asyncio.sleep(0.02)
        assert call.phone.clears[0] - began <= 0.12

    play(scene, brain=FakeBrain(["A rather long sentence about lamps which nobody would want to hear to its end."]))


def test_a_number_is_complete_when_its_time_is_over_and_not_with_the_next_look(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.quiet(0.53)
        call.session.pressed("5")
        pressed = call.loop.time()
        await call.until(lambda: any(turn.kind == "digits" for turn in call.hand.of(TurnFinished)))
        assert call.loop.time() - pressed <= 2.05

    play(scene)


def test_deadlines_are_looked_at_five_times_a_second_in_silence_however_frames_come(
    play, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = moments(monkeypatch, Deadlines, "check")

    async def scene(call: Call) -> None:
        await call.opener()
        await call.quiet(1.0)
        looks.clear()
        for number in range(100):
            call.session.audio(SILENT_FRAME)
            await asyncio.sleep(0.016 if number % 2 else 0.023)
        assert len(looks) in (9, 10, 11)
        assert max(later - earlier for earlier, later in pairwise(looks)) < 0.22

    play(scene)


def test_tones_are_looked_for_every_200_ms_however_silence_and_sound_take_turns(
    play, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    listen = Machines.listen

    def counted(machines: Machines) -> None:
        looked.append(machines._audio.count)
        listen(machines)

    monkeypatch.setattr(Machines, "listen", counted)

    async def scene(call: Call) -> None:
        for frames in (3, 7, 1, 4, 9, 2, 6, 5, 8):
            await call.quiet(frames * 0.02)
            await call.noise(0.02)
        assert [later - earlier for earlier, later in pairwise([0, *looked])] == [10] * 5

    play(scene)


class SlowVoice(FakeVoice):
    """Makes pieces of speech a little faster than they are spoken."""

    def __init__(self, piece_ms: int, every_ms: int) -> None:
        super().__init__()
        self.piece_ms, self.every_ms = piece_ms, every_ms

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        await asyncio.sleep(self.first_s)
        for _ in range(2000 // self.piece_ms):
            yield b"\x55" * (self.piece_ms * BYTES_PER_MS)
            await asyncio.sleep(self.every_ms / 1000)


@pytest.mark.parametrize(("piece_ms", "every_ms"), [(20, 15), (40, 30), (60, 50), (100, 80)])
def test_a_voice_that_is_just_fast_enough_is_heard_without_a_hole(play, piece_ms: int, every_ms: int) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        sent = len(call.phone.frames)
        await call.say("Tell me more.")
        await call.until(lambda: len(call.phone.frames) >= sent + 90)
        came = call.phone.frames[sent : sent + 90]
        holes = [at - (came[0] + number * FRAME_MS / 1000) for number, at in enumerate(came)]
        assert max(holes) <= 0.021  # a frame: speech that comes between two looks

    play(scene, voices=(SlowVoice(piece_ms, every_ms),))
