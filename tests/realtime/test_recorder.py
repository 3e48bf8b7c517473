"""A recording holds what was really heard, when it was heard. Times are in seconds on an invented clock."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from dialer.audio import mulaw
from dialer.audio.wav import WavFile
from dialer.conversation.facts import HandedIn
from dialer.conversation.recorder import Track, Writer
from tests.realtime import calling

PERSON, AGENT = b"\x10" * mulaw.FRAME_BYTES, b"\x20" * mulaw.FRAME_BYTES


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path)
    writer.start()
    yield writer
    writer.stop(5.0)


class WaitedFor(Track):
    """Closes in real time, as the writer's thread writes: a call in invented time does not wait for it."""

    def close(self) -> Future[str]:
        recording = super().close()
        recording.result(5.0)
        return recording


def listen(track: Track, since: float, until: float) -> None:
    """The person's audio arrives in real time."""
    for number in range(round((until - since) * 50)):
        track.person(PERSON, since + (number + 1) * 0.02)


def written(track: Track, tmp_path: Path) -> np.ndarray:
    return written_to(tmp_path / track.close().result(5.0))


def written_to(file: Path) -> np.ndarray:
    with wave.open(str(file)) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)


def heard_s(samples: np.ndarray, channel: int) -> tuple[float, float]:
    """First and last moment at which a channel is not silent."""
    loud = np.flatnonzero(samples[:, channel])
    return round(loud[0] / 8000, 2), round((loud[-1] + 1) / 8000, 2)


def test_each_side_is_where_it_was_heard(writer: Writer, tmp_path: Path) -> None:
    track = writer.track("c1", 2)
    track.begin(100.0)
    for number in range(100):
        track.agent(AGENT, 101.0 + number * 0.02)
    listen(track, 100.0, 105.0)
    samples = written(track, tmp_path)
    assert track.path.name == "c1-2.wav"
    assert heard_s(samples, 0) == (0.0, 5.0)
    assert heard_s(samples, 1) == (1.0, 3.0)


def test_what_was_cleared_is_not_in_it(writer: Writer, tmp_path: Path) -> None:
    track = writer.track("c1", 1)
    track.begin(100.0)
    listen(track, 100.0, 103.0)
    for number in range(10):
        track.agent(AGENT, 103.0 + number * 0.02)
    track.agent_cut(103.1)
    listen(track, 103.0, 106.0)
    assert heard_s(written(track, tmp_path), 1) == (3.0, 3.1)


def test_missing_frames_leave_a_gap_and_not_a_shift(writer: Writer, tmp_path: Path) -> None:
    track = writer.track("c1", 1)
    track.begin(100.0)
    listen(track, 101.0, 102.0)
    assert heard_s(written(track, tmp_path), 0) == (1.0, 2.0)


def test_the_end_of_a_recording_waits_for_no_round(tmp_path: Path) -> None:
    writer = Writer(tmp_path, round_s=3600.0)
    writer.start()
    track = writer.track("c1", 1)
    track.begin(100.0)
    listen(track, 100.0, 101.0)
    assert heard_s(written(track, tmp_path), 0) == (0.0, 1.0)
    writer.stop(5.0)


def test_a_killed_worker_leaves_all_but_the_last_moments(writer: Writer, tmp_path: Path) -> None:
    track = writer.track("c1", 1)
    track.begin(100.0)
    listen(track, 100.0, 110.0)
    partial = tmp_path / "c1-1.wav.part"
    give_up = time.monotonic() + 30.0
    while not partial.exists() or int.from_bytes(partial.read_bytes()[40:44], "little") < 9 * 32_000:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    with wave.open(str(partial)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    assert heard_s(samples, 0) == (0.0, 9.0)
    track.close().result(5.0)


def test_the_folder_of_recordings_cannot_be_written_and_the_call_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer = Writer(tmp_path / "file")
    writer.start()
    track = writer.track("c1", 1)
    track.begin(100.0)
    listen(track, 100.0, 103.0)
    assert track.close().result(5.0) == ""
    writer.stop(5.0)


def test_a_recording_that_breaks_ends_no_other(writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = WavFile.append

    def breaks(file: WavFile, left: bytes, right: bytes) -> None:
        if "c1" in str(file._path):
            raise ValueError("nobody foresaw it")
        append(file, left, right)

    monkeypatch.setattr(WavFile, "append", breaks)
    broken, sound = writer.track("c1", 1), writer.track("c2", 1)
    for track in (broken, sound):
        track.begin(100.0)
        listen(track, 100.0, 103.0)
    assert broken.close().result(5.0) == ""
    assert heard_s(written(sound, tmp_path), 0) == (0.0, 3.0)


def test_a_call_records_every_frame_and_leaves_a_gap_where_it_was(
    writer: Writer, tmp_path: Path, play, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = WaitedFor(tmp_path / "c1-1.wav", writer)
    monkeypatch.setattr(calling, "FakeTrack", lambda: track)
    heard: list[np.ndarray] = []

    async def scene(call: calling.Call) -> None:
        await call.voice(0.26)
        await asyncio.sleep(1.0)
        await call.voice(0.14)
        await call.hang_up()
        heard.append(written_to(tmp_path / call.hand.of(HandedIn)[0].recording))

    play(scene)

    loud = np.flatnonzero(heard[0][:, 0])
    gaps = np.flatnonzero(np.diff(loud) > 160)
    assert len(loud) == pytest.approx(20 * 160, abs=20 * 4)
    assert len(gaps) == 1
    assert loud[gaps[0]] / 8000 == pytest.approx(0.26, abs=0.01)
    assert loud[gaps[0] + 1] / 8000 == pytest.approx(1.26, abs=0.03)
