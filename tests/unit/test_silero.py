"""Silero by our own sums is Silero by onnxruntime's, on speech and on noise, alone and among others."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from dialer.audio import mulaw
from dialer.audio.silero import CONTEXT, SAMPLES, STATE, WINDOW, Floats, Silero, model_file
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices

TEXTS = ("Yes, I am interested.", "नमस्ते, कौन बोल रहा है?", "Four, seven, nine, one, please.")


@pytest.fixture(scope="module")
def reference() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(model_file()), providers=["CPUExecutionProvider"])


def windows(text: str, noise: float, seed: int) -> Floats:
    """What the detector gets of a second of silence, a text and noise: (windows, `SAMPLES`)."""
    spoken = Voices(Registry()).speak(text, "hi" if text[0] > "z" else "en-us").mulaw
    linear = np.frombuffer(mulaw.decode(mulaw.SILENCE * 8000 + spoken), "<i2").astype(np.float32) / 32768
    linear = linear + np.random.default_rng(seed).standard_normal(len(linear), np.float32) * np.float32(noise)
    padded = np.concatenate([np.zeros(CONTEXT, np.float32), linear])
    return np.stack([padded[at : at + SAMPLES] for at in range(0, len(linear) - WINDOW, WINDOW)])


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_every_window_is_judged_as_onnxruntime_judges_it(reference: onnxruntime.InferenceSession, noise: float) -> None:
    heard = [windows(text, noise, seed) for seed, text in enumerate(TEXTS)]
    count = min(map(len, heard))
    ours, state, expected = (
        Silero(),
        np.zeros((2, len(heard), STATE), np.float32),
        np.zeros((2, len(heard), STATE), np.float32),
    )
    spoken = 0
    for at in range(count):
        samples = np.stack([each[at] for each in heard])
        found, state = ours.judge(samples, state)
        output, expected = reference.run(
            None, {"input": samples, "state": expected, "sr": np.array(mulaw.SAMPLE_RATE_HZ, np.int64)}
        )
        assert found == pytest.approx(output[:, 0], abs=1e-4)
        assert state == pytest.approx(expected, abs=1e-3)
        spoken += int((found > 0.5).sum())
    assert 10 < spoken < count * len(heard) - 10


def test_a_line_is_judged_alike_alone_and_among_others() -> None:
    model = Silero()
    heard = windows(TEXTS[0], 0.01, 1)
    alone, among = np.zeros((2, 1, STATE), np.float32), np.zeros((2, 40, STATE), np.float32)
    others = np.random.default_rng(2).standard_normal((40, SAMPLES)).astype(np.float32)
    for window in heard:
        others[17] = window
        single, alone = model.judge(window[None], alone)
        many, among = model.judge(others, among)
        assert many[17] == pytest.approx(single[0], abs=1e-5)
