"""What a telephone line does to a voice: noise, gain, clipping, a mobile codec, lost packets, echo, jitter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.audio import mulaw
from tests.answers.sounds import NOISES, RATE_HZ, Samples

FRAME: Final = mulaw.FRAME_BYTES
QUIET_ROOM_DB: Final = -62.0
"""Noise of a line with nothing on it, below full scale."""
BURST_FRAMES: Final = 2.5
"""Packets are lost in bursts of this mean length (Gilbert's model)."""
CODEC_DB: Final = 13.0
"""GSM full rate's quantization noise below the speech under it, and shaped like it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line's faults, drawn before the call."""

    noise: str = ""
    """A name of `sounds.NOISES`, or "": only a quiet room."""
    snr_db: float = 40.0
    """Speech over noise, both as root mean square."""
    gain_db: float = 0.0
    clip: float = 1.0
    """Amplitude at which the far amplifier clips, before the gain."""
    mobile: bool = False
    """A GSM-like codec: 200 to 3300 Hz, and noise of its own."""
    loss: float = 0.0
    """Share of 20 ms packets that are lost."""
    conceals: bool = True
    """Lost packets repeat the one before, fading; otherwise they are silence."""
    echo_db: float = -60.0
    """How loud our own voice comes back."""
    echo_ms: int = 120
    jitter_ms: int = 0
    """Packets may come so much later than they should, and then together."""

    def __str__(self) -> str:
        parts = [f"{self.noise} {self.snr_db:.0f} dB"] if self.noise else []
        parts += [f"{self.gain_db:+.0f} dB"] if self.gain_db else []
        parts += ["clipped"] if self.clip < 1 else []
        parts += ["mobile"] if self.mobile else []
        parts += [f"{self.loss:.0%} lost"] if self.loss else []
        parts += [f"echo {self.echo_db:.0f} dB"] if self.echo_db > -60 else []
        parts += [f"jitter {self.jitter_ms} ms"] if self.jitter_ms else []
        return ", ".join(parts) or "clean"


def draw(rng: np.random.Generator, *, held_out: bool) -> Line:
    """Draw a line. The two parts of the set have other values, so that neither knows the other's."""
    if rng.random() < 0.15:
        return Line()
    snrs = (4.0, 7.0, 12.0, 18.0) if held_out else (5.0, 8.0, 10.0, 15.0, 20.0)
    gains = (-17.0, -9.0, 0.0, 0.0, 5.0) if held_out else (-15.0, -12.0, -6.0, 0.0, 0.0, 6.0)
    losses = (0.0, 0.0, 0.02, 0.04, 0.07) if held_out else (0.0, 0.0, 0.01, 0.03, 0.05, 0.08)
    noise = str(rng.choice(["", *NOISES]))
    return Line(
        noise=noise,
        snr_db=float(rng.choice(snrs)) if noise else 40.0,
        gain_db=float(rng.choice(gains)),
        clip=0.2 if rng.random() < 0.15 else 1.0,
        mobile=bool(rng.random() < 0.45),
        loss=float(rng.choice(losses)),
        conceals=bool(rng.random() < 0.7),
        echo_db=float(rng.uniform(-40, -24)) if rng.random() < 0.4 else -60.0,
        echo_ms=int(rng.integers(40, 250)),
        jitter_ms=int(rng.choice([0, 0, 40, 80, 160])),
    )


def carry(clean: Samples, line: Line, level: float, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    """Send samples over the line.

    Args:
        clean: what was said and sounded, whole 20 ms frames.
        line: its faults.
        level: root mean square of the speech in `clean`, which the noise is measured against.
        rng: draws the noise and which packets are lost.

    Returns:
        Mu-law, and for each packet whether it was lost.
    """
    wave = np.clip(clean, -line.clip * 0.35, line.clip * 0.35) if line.clip < 1 else clean
    wave = wave + _noise(len(wave), line, level, rng)
    if line.mobile:
        wave = _mobile(wave, rng)
    wave = _band(wave, 300.0, 3400.0) * np.float32(10 ** (line.gain_db / 20))
    pcm = (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()
    return _lose(mulaw.encode(pcm), line, rng)


def _noise(count: int, line: Line, level: float, rng: np.random.Generator) -> Samples:
    floor = rng.standard_normal(count).astype(np.float32) * np.float32(10 ** (QUIET_ROOM_DB / 20))
    if not line.noise:
        return floor
    noise = NOISES[line.noise](count, rng)
    loudness = float(np.sqrt(np.mean(np.square(noise)))) or 1.0
    return floor + noise * np.float32(level * 10 ** (-line.snr_db / 20) / loudness)


def _mobile(wave: Samples, rng: np.random.Generator) -> Samples:
    """Each 20 ms get noise with the spectrum of their own speech, as a codec that models it leaves behind."""
    narrow = _band(wave, 200.0, 3300.0)
    frames = narrow[: len(narrow) // FRAME * FRAME].reshape(-1, FRAME)
    spectra = np.abs(np.fft.rfft(frames, axis=1))
    smooth = np.apply_along_axis(lambda row: np.convolve(row, np.ones(5) / 5, "same"), 1, spectra)
    phases = np.exp(2j * np.pi * rng.random(smooth.shape))
    left = np.fft.irfft(smooth * phases, FRAME, axis=1) * 10 ** (-CODEC_DB / 20)
    return (frames + left).reshape(-1).astype(np.float32)


def _band(wave: Samples, low_hz: float, high_hz: float) -> Samples:
    hz = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    gain = 1 / np.sqrt(1 + (low_hz / np.maximum(hz, 1)) ** 8) / np.sqrt(1 + (hz / high_hz) ** 24)
    return np.fft.irfft(np.fft.rfft(wave) * gain, len(wave)).astype(np.float32)


def _lose(audio: bytes, line: Line, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    count = len(audio) // FRAME
    lost = np.zeros(count, bool)
    if not line.loss:
        return audio, lost
    leave = 1 / BURST_FRAMES
    enter = leave * line.loss / (1 - line.loss)
    bad = False
    for nth, dice in enumerate(rng.random(count)):
        bad = dice >= leave if bad else dice < enter
        lost[nth] = bad
    frames = np.frombuffer(audio, np.uint8).reshape(-1, FRAME).copy()
    for nth in np.flatnonzero(lost):
        if line.conceals and nth:
            faded = (mulaw.FLOAT[frames[nth - 1]] * 0.7 * 32767).astype("<i2").tobytes()
            frames[nth] = np.frombuffer(mulaw.encode(faded), np.uint8)
        else:
            frames[nth] = mulaw.SILENCE[0]
    return frames.tobytes(), lost


def arrivals(count: int, line: Line, rng: np.random.Generator) -> list[int]:
    """How many packets arrive in each 20 ms: late ones come together with the next, none overtakes another."""
    if not line.jitter_ms:
        return [1] * count
    due: list[int] = []
    for nth, late in enumerate(rng.exponential(line.jitter_ms / 4, count)):
        due.append(max(nth + int(min(late, line.jitter_ms) // 20), due[-1] if due else 0))
    return np.bincount(due, minlength=count).tolist()
