"""What only machines send, in the noise and with the holes that lines have."""

from __future__ import annotations

import numpy as np
import pytest

from dialer.audio import mulaw
from dialer.audio.tones import Answerphone, Signal
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices
from tests.answers.sounds import modem_answer

RATE_HZ = mulaw.SAMPLE_RATE_HZ


def tone(hertz: float, seconds: float, *, level: float = 8000, more: float = 0.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return level * (np.sin(2 * np.pi * hertz * time) + (np.sin(2 * np.pi * more * time) if more else 0))


def heard(*pieces: np.ndarray, noise: float = 20.0, lost: tuple[int, ...] = ()) -> list[Signal]:
    """What is recognized in pieces of samples with noise; `lost` frames are silence."""
    wave = np.concatenate([*pieces, np.zeros(RATE_HZ // 2)])
    wave = wave + np.random.default_rng(2).normal(0, noise, len(wave))
    audio = mulaw.encode(np.clip(wave, -32767, 32767).astype("<i2").tobytes())
    frames = [audio[at : at + 160] for at in range(0, len(audio) - 159, 160)]
    for nth in lost:
        frames[nth] = mulaw.SILENCE * 160
    signals = told(frames, 1)
    cut = [*frames[: -len(frames) // 3], *[mulaw.SILENCE * 160] * 20]  # maybe within a tone
    for together in (5, 10, 11):
        assert told(frames, together) == signals
        assert told(cut, together) == told(cut, 1)
    return signals


def told(frames: list[bytes], together: int) -> list[Signal]:
    """What is recognized in frames of which so many are judged together."""
    phone = Answerphone()
    pieces = (b"".join(frames[at : at + together]) for at in range(0, len(frames), together))
    return [signal for piece in pieces for signal in phone.feed(piece)]


def speech(text: str, voice: str = "en-us") -> np.ndarray:
    said = Voices(Registry()).speak(text, voice=voice).mulaw
    return mulaw.PCM[np.frombuffer(said, np.uint8)].astype(float)


@pytest.mark.parametrize("seconds", [0.25, 0.4, 1.0])
@pytest.mark.parametrize("hertz", [440, 520, 853, 1000, 1025, 1400, 2000])
def test_a_beep_is_told_once_when_it_is_over(hertz: float, seconds: float) -> None:
    assert heard(np.zeros(500), tone(hertz, seconds)) == [Signal.BEEP]


@pytest.mark.parametrize("at", range(0, 160, 40))
def test_a_beep_of_160_ms_is_a_short_one_wherever_its_frames_begin(at: int) -> None:
    assert heard(np.zeros(800 + at), tone(1000, 0.18)) == [Signal.SHORT_BEEP]


@pytest.mark.parametrize("noise", [200, 500, 800])
def test_a_beep_in_noise_is_heard(noise: float) -> None:
    assert heard(np.zeros(500), tone(1000, 0.3, level=2000), noise=noise) == [Signal.BEEP]


def test_a_lost_packet_makes_no_two_beeps_of_one() -> None:
    assert heard(np.zeros(800), tone(1000, 0.4), lost=(12, 13)) == [Signal.BEEP]


def test_speech_keys_and_noise_are_no_beep() -> None:
    hiss = np.random.default_rng(1).normal(0, 2000, RATE_HZ)
    assert heard(tone(941, 0.3, more=1336), hiss) == []
    for voice in ("en-us", "en-gb+f2", "en-us+m3"):
        assert Signal.BEEP not in heard(speech("Hello, this is Pat. Who is calling, please? I see. Oh, no, no.", voice))


def test_a_fax_is_told_once_and_is_no_beep() -> None:
    assert heard(tone(2100, 2.6)) == [Signal.FAX]


def test_a_modems_phase_reversals_do_not_hide_it() -> None:
    assert heard(modem_answer(3.0) * 32768) == [Signal.FAX]


def test_a_fax_with_lost_packets_is_heard() -> None:
    assert heard(tone(2100, 2.6), lost=(20, 21, 22, 50, 51, 80)) == [Signal.FAX]
