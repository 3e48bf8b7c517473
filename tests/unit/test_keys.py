"""Keys that are sent as tones are the keys that a phone menu hears."""

from __future__ import annotations

import numpy as np
import pytest

from dialer.audio import dtmf, mulaw
from dialer.audio.tones import Answerphone
from dialer.sandbox.keys import KeyEar
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices


def heard(audio: bytes) -> str:
    ear = KeyEar()
    return "".join(ear.feed(audio[at : at + 160]) for at in range(0, len(audio) - 159, 160))


def test_every_key_arrives_once_and_in_order() -> None:
    assert heard(dtmf.play("1234567890*#ABCD")) == "1234567890*#ABCD"


def test_a_repeated_key_is_two() -> None:
    assert heard(dtmf.play("33")) == "33"


@pytest.mark.parametrize(("gain", "noise"), [(0.1, 50), (0.5, 500), (1.0, 1500)])
def test_keys_arrive_over_bad_lines(gain: float, noise: float) -> None:
    pcm = np.frombuffer(mulaw.decode(dtmf.play("159#")), "<i2") * gain
    noisy = pcm + np.random.default_rng(3).normal(0, noise, len(pcm))
    assert heard(mulaw.encode(np.clip(noisy, -32767, 32767).astype("<i2").tobytes())) == "159#"


def test_keys_are_as_loud_as_lines_bear() -> None:
    samples = mulaw.FLOAT[np.frombuffer(dtmf.play("5")[:800], np.uint8)]
    level_dbm0 = 20 * np.log10(np.sqrt(np.mean(np.square(samples))) * np.sqrt(2)) + dtmf.FULL_SCALE_DBM0
    assert level_dbm0 == pytest.approx(-4.9, abs=0.3)
    assert np.abs(samples).max() < 0.9


def test_speech_presses_no_key() -> None:
    for voice in ("en-us", "en-us+f3", "en-gb+m1"):
        assert heard(Voices(Registry()).speak("For sales, press one. For support, press two.", voice=voice).mulaw) == ""


def test_our_own_keys_coming_back_are_no_beep() -> None:
    phone, audio = Answerphone(), dtmf.play("1230")
    assert phone.feed(audio[: len(audio) - len(audio) % 160]) == []


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="no keys"):
        dtmf.play("1 2")
