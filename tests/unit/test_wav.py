"""Recordings are valid WAV files at any moment."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from dialer.audio import mulaw
from dialer.audio.wav import WavFile


def frames(path: Path) -> tuple[int, np.ndarray]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        count = wav.getnframes()
        return count, np.frombuffer(wav.readframes(count), "<i2").reshape(-1, 2)


def test_left_is_the_person_and_right_the_agent(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "c1-1.wav")
    file.append(b"\x10" * 8000, mulaw.SILENCE * 8000)
    path = file.close()
    count, samples = frames(path)
    assert count == 8000
    assert (samples[:, 0] == mulaw.PCM[0x10]).all()
    assert (samples[:, 1] == 0).all()


def test_the_file_is_valid_while_it_grows(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "c1-1.wav")
    for second in (1, 2):
        file.append(b"\x10" * 8000, b"\x20" * 8000)
        assert frames(tmp_path / "c1-1.wav.part")[0] == second * 8000
    assert not (tmp_path / "c1-1.wav").exists()
    file.close()
    assert not (tmp_path / "c1-1.wav.part").exists()


def test_the_shorter_side_is_filled_with_silence(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "c1-1.wav")
    file.append(b"\x10" * 100, b"\x20" * 60)
    _, samples = frames(file.close())
    assert len(samples) == 100
    assert (samples[60:, 1] == 0).all()
