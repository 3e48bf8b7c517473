"""Voice detection on real (synthetic) speech, alone and batched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dialer.audio import mulaw
from dialer.audio.vad import BatchedEar, CheapEar, Ear, Edges, SileroBatch
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices

SILENT = mulaw.SILENT_FRAME


@pytest.fixture(scope="module")
def batch() -> SileroBatch:
    return SileroBatch(places=2)


@pytest.fixture(scope="module")
def speech() -> bytes:
    return Voices(Registry()).speak("Yes, I am interested. How much does it cost?").mulaw


def frames(audio: bytes) -> Iterator[bytes]:
    for at in range(0, len(audio) - mulaw.FRAME_BYTES + 1, mulaw.FRAME_BYTES):
        yield audio[at : at + mulaw.FRAME_BYTES]


def noise(seconds: float, sigma: float) -> bytes:
    samples = np.random.default_rng(1).normal(0, sigma, round(seconds * 8000)).astype("<i2")
    return mulaw.encode(samples.tobytes())


def follow(ear: Ear, audio: bytes, batch: SileroBatch | None = None) -> list[float]:
    """Return the times (s) at which the ear takes the audio for speech."""
    voiced, now = [], 0.0
    for frame in frames(audio):
        now += 0.02
        ear.feed(frame, now)
        if batch is not None:
            batch.run()
        if ear.voiced_since_s:
            voiced.append(now)
    return voiced


@pytest.mark.parametrize("kind", ["cheap", "batched"])
def test_speech_is_noticed_and_so_is_its_end(kind: str, batch: SileroBatch, speech: bytes) -> None:
    ear: Ear = BatchedEar(batch) if kind == "batched" else CheapEar()
    voiced = follow(ear, SILENT * 50 + speech + SILENT * 50, batch)
    ends_s = 1.0 + len(speech) / 8000
    assert 1.0 <= voiced[0] <= 1.3
    assert ends_s - 0.5 <= voiced[-1] <= ends_s + 0.5
    assert len(voiced) * 0.02 >= 0.7 * len(speech) / 8000
    ear.close()


def test_silence_and_noise_are_no_speech(batch: SileroBatch) -> None:
    ear = BatchedEar(batch)
    assert follow(ear, SILENT * 50 + noise(2.0, 600), batch) == []
    ear.close()


def test_calls_of_a_batch_do_not_hear_each_other(batch: SileroBatch, speech: bytes) -> None:
    ears = [BatchedEar(batch) for _ in range(5)]
    heard: list[list[float]] = [[] for _ in ears]
    now = 0.0
    for frame in frames(SILENT * 10 + speech):
        now += 0.02
        for number, ear in enumerate(ears):
            ear.feed(frame if number % 2 else SILENT, now)
        batch.run()
        for number, ear in enumerate(ears):
            if ear.voiced_since_s:
                heard[number].append(now)
    assert [bool(times) for times in heard] == [False, True, False, True, False]
    alone = BatchedEar(batch)
    assert heard[1] == heard[3] == follow(alone, SILENT * 10 + speech, batch)
    for ear in (*ears, alone):
        ear.close()


def test_whose_voice_was_found_is_told_by_the_tick_that_found_it(batch: SileroBatch, speech: bytes) -> None:
    speaks, hums = BatchedEar(batch), BatchedEar(batch)
    told: list[tuple[BatchedEar, float]] = []
    for ear in (speaks, hums):
        ear.on_voice = lambda ear=ear: told.append((ear, ear.last_voice_s))
    known, now = 0.0, 0.0
    for frame, hum in zip(frames(SILENT * 10 + speech), frames(noise(60.0, 600)), strict=False):
        now += 0.02
        told.clear()
        speaks.feed(frame, now)
        hums.feed(hum, now)
        assert not told
        batch.tick()
        assert told == ([(speaks, speaks.last_voice_s)] if speaks.last_voice_s > known else [])
        known = speaks.last_voice_s
    assert known
    for ear in (speaks, hums):
        ear.close()


def test_a_stretch_of_speech_ends_after_a_pause_only() -> None:
    edges = Edges()
    edges.voice(1.0, 1.2)
    edges.quiet(1.4)
    assert edges.voiced_since_s == 1.0
    edges.quiet(1.46)
    assert edges.voiced_since_s == 0.0
    assert edges.last_voice_s == 1.2


def test_the_model_is_shipped_without_importing_its_package() -> None:
    from dialer.audio.silero import model_file

    assert isinstance(model_file(), Path)
    assert model_file().is_file()


def test_a_late_run_of_the_batch_loses_nothing(batch: SileroBatch, speech: bytes) -> None:
    ear, now, voiced = BatchedEar(batch), 0.0, 0
    for number, frame in enumerate(frames(SILENT * 10 + speech)):
        now += 0.02
        ear.feed(frame, now)
        if number % 5 == 4:
            batch.run()
        voiced += ear.voiced_since_s > 0
    assert voiced * 0.02 >= 0.7 * len(speech) / 8000
    ear.close()


def test_a_burst_after_a_stall_is_heard_whole(
    batch: SileroBatch, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[float] = []
    monkeypatch.setattr(BatchedEar, "judged", lambda _ear, _probability, heard_s: windows.append(heard_s))
    judged: list[int] = []
    speech += SILENT * 40 + speech
    for burst in (1, 20, 150):  # the last is longer than what waits
        ear, now = BatchedEar(batch), 0.0
        windows.clear()
        for number, frame in enumerate(frames(speech)):
            now += 0.02
            ear.feed(frame, now)
            if number % burst == burst - 1:
                batch.run()
        batch.run()
        judged.append(len(windows))
        ear.close()
    assert judged[0] == judged[1] == judged[2] > 0


def test_a_burst_is_no_silence_before_it_was_judged(batch: SileroBatch, speech: bytes) -> None:
    ear, now = BatchedEar(batch), 0.0
    for frame in frames(speech[: 8000 * 3 // 2] + SILENT * 20):
        now += 0.02
        ear.feed(frame, now)
    assert (ear.last_voice_s, ear.heard_until_s) == (0.0, 0.0)
    batch.tick()
    assert 1.0 < ear.last_voice_s <= 1.65
    batch.tick()  # the last of several windows waits for its company
    ear.feed(SILENT, now + 0.02)
    assert ear.heard_until_s == now + 0.02
    ear.close()


def test_of_two_windows_that_come_together_the_second_waits_for_the_next_tick(
    batch: SileroBatch, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[float] = []
    monkeypatch.setattr(BatchedEar, "judged", lambda _ear, _probability, heard_s: windows.append(round(heard_s, 3)))
    ear = BatchedEar(batch)
    for number, frame in enumerate(frames(speech)):
        ear.feed(frame, number * 0.02 + 0.02)
        if number == 3:  # 640 samples: two windows, and half of one
            break
    batch.tick()
    assert windows == [0.032]
    batch.tick()
    assert windows == [0.032, 0.064]
    ear.close()


def test_while_the_neural_step_hears_speech_the_cheap_one_is_not_asked(batch: SileroBatch, speech: bytes) -> None:
    ear, asked, now = BatchedEar(batch), list[bool](), 0.0
    fires = ear._cheap.is_speech

    class Counting:
        def is_speech(self, audio: bytes, rate: int) -> bool:
            asked.append(bool(ear.voiced_since_s) and now - ear.last_voice_s < 0.1)
            return bool(fires(audio, rate))

    ear._cheap = Counting()
    spoken = 0
    for frame in frames(SILENT * 10 + speech + SILENT * 10 + noise(0.5, 300)):
        now += 0.02
        ear.feed(frame, now)
        batch.tick()
        spoken += ear.voiced_since_s > 0
    assert spoken > 50
    assert asked
    assert not any(asked)
    ear.close()


def test_after_a_stall_all_calls_are_judged_together(
    batch: SileroBatch, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[int] = []
    judge = batch._model.judge

    def counted(samples, state):
        lines.append(len(samples))
        return judge(samples, state)

    monkeypatch.setattr(batch._model, "judge", counted)
    ears = [BatchedEar(batch) for _ in range(20)]
    burst = list(frames(speech))[:75]  # 1.5 s
    for ear in ears:  # as their sockets are read
        for number, frame in enumerate(burst):
            ear.feed(frame, 1.5 + number * 0.02)
    batch.tick()
    assert len(lines) <= 75 * 160 // 256
    assert set(lines) == {20}
    for ear in ears:
        ear.close()
