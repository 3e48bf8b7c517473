"""What is sent, when, and what is taken for heard. Times are in seconds on an invented clock."""

from __future__ import annotations

import pytest

from dialer.conversation.playout import LEAD_MS, LEAST_AHEAD_MS, MARK_MS, Audio, Playout
from tests.realtime.scripted import FakeTrack

SECOND = b"\x55" * 8000


class Line:
    def __init__(self) -> None:
        self.frames = self.messages = 0
        self.marks: list[str] = []
        self.clears = 0

    def audio(self, frame: bytes) -> None:
        assert len(frame) % 160 == 0
        self.frames += len(frame) // 160
        self.messages += 1

    def mark(self, name: str) -> None:
        self.marks.append(name)

    def clear(self) -> None:
        self.clears += 1


class Mouth:
    def __init__(self) -> None:
        self.line = Line()
        self.finished: list[bool] = []
        self.playout = Playout(FakeTrack(), lambda proven, now: self.finished.append(proven))
        self.playout.connect(self.line)
        self.playout.begin()
        self.now = 10.0

    def say(self, text: str, data: bytes = SECOND, *, done: bool = True) -> Audio:
        audio = Audio(data, done=done)
        self.playout.add(text, audio)
        return audio

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.playout.pump(self.now)
            self.now += 0.02


def test_frames_go_out_in_real_time_with_a_small_lead() -> None:
    mouth = Mouth()
    mouth.say("One two three four.", SECOND * 3)
    mouth.pass_time(1.0)
    assert mouth.line.frames * 20 <= 1000 + LEAD_MS
    assert mouth.line.frames * 20 >= 1000


@pytest.mark.parametrize("look_ms", [20, 40, 100, 200])
def test_speech_goes_out_a_word_at_a_time_and_the_carrier_never_runs_dry(look_ms: int) -> None:
    mouth = Mouth()
    mouth.say("One two three four.", SECOND * 3)
    began = mouth.now
    while mouth.line.frames < 150:
        mouth.playout.pump(mouth.now)
        ahead_ms = mouth.line.frames * 20 - (mouth.now - began) * 1000
        assert LEAST_AHEAD_MS - 1 < ahead_ms < LEAD_MS + 1
        mouth.now += look_ms / 1000
        assert ahead_ms - look_ms >= 4 * 20 - 1  # so late may the next look be
    assert mouth.line.messages == len(mouth.line.marks) == 3000 / MARK_MS


def test_a_turn_is_proven_by_its_last_mark() -> None:
    mouth = Mouth()
    mouth.say("One two three four.")
    mouth.playout.close()
    mouth.pass_time(1.5)
    assert mouth.finished == []
    for name in mouth.line.marks:
        mouth.playout.marked(name, mouth.now)
    assert mouth.finished == [True]


def test_a_last_mark_that_does_not_come_proves_nothing_but_ends_the_turn() -> None:
    mouth = Mouth()
    mouth.say("One two three four.")
    mouth.playout.close()
    mouth.pass_time(4.0)
    assert mouth.finished[0] is False


def test_a_mark_before_an_end_that_has_none_yet_ends_nothing() -> None:
    mouth = Mouth()
    audio = Audio(SECOND[: 8 * 300])
    mouth.playout.begin()
    mouth.playout.add("One two three.", audio)
    mouth.playout.close()
    mouth.playout.pump(mouth.now)  # 300 ms, and one mark after 200
    audio.done = True
    mouth.playout.marked(mouth.line.marks[0], mouth.now + 0.2)
    assert not mouth.finished
    mouth.playout.pump(mouth.now + 0.2)
    mouth.playout.marked(mouth.line.marks[1], mouth.now + 0.3)
    assert mouth.finished == [True]


def test_marks_that_our_own_clear_brings_back_prove_nothing() -> None:
    mouth = Mouth()
    mouth.say("One two three four.")
    mouth.playout.close()
    mouth.pass_time(0.5)
    heard = mouth.playout.stop(mouth.now)
    for name in mouth.line.marks:
        mouth.playout.marked(name, mouth.now)
    assert heard == ""
    assert mouth.line.clears == 1
    assert mouth.finished == []


def test_only_whole_words_that_were_heard_count() -> None:
    mouth = Mouth()
    mouth.say("aaaa bbbb cccc dddd", SECOND)
    mouth.pass_time(0.7)
    for name in mouth.line.marks[:3]:  # 600 of 1000 ms
        mouth.playout.marked(name, mouth.now)
    assert mouth.playout.stop(mouth.now) == "aaaa bbbb"


def test_a_held_turn_goes_on_from_the_last_word_heard() -> None:
    mouth = Mouth()
    mouth.say("aaaa bbbb cccc dddd", SECOND)
    mouth.playout.close()
    mouth.pass_time(0.7)
    for name in mouth.line.marks[:3]:
        mouth.playout.marked(name, mouth.now)
    mouth.playout.hold(mouth.now)
    before = mouth.line.frames
    mouth.pass_time(0.5)
    assert mouth.line.frames == before
    mouth.playout.go_on()
    mouth.pass_time(1.0)
    assert 400 <= (mouth.line.frames - before) * 20 <= 600
    for name in mouth.line.marks:
        mouth.playout.marked(name, mouth.now)
    assert mouth.finished == [True]


def test_a_slow_voice_does_not_lose_or_repeat_audio() -> None:
    mouth = Mouth()
    audio = mouth.say("aaaa bbbb", b"", done=False)
    for _ in range(10):
        mouth.pass_time(0.2)
        audio.data += SECOND[:800]
    audio.done = True
    mouth.playout.close()
    mouth.pass_time(1.0)
    assert mouth.line.frames == 50
    for name in mouth.line.marks:
        mouth.playout.marked(name, mouth.now)
    assert mouth.finished == [True]


def test_speech_that_could_not_be_made_is_never_proven() -> None:
    mouth = Mouth()
    audio = mouth.say("aaaa bbbb", b"")
    audio.failed = True
    mouth.playout.close()
    mouth.pass_time(0.1)
    assert mouth.finished[0] is False
