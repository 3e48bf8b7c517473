"""Recordings that people bring, as the telephone would carry them."""

from __future__ import annotations

import io
import wave
from typing import Final

import numpy as np
import soxr

from dialer.audio import mulaw
from dialer.errors import BadInput

LOWEST_HZ: Final = 8_000
HIGHEST_HZ: Final = 48_000


def of_wav(content: bytes) -> bytes:
    """Return a WAV file's audio as mu-law at 8000 Hz, its channels mixed.

    Raises:
        BadInput: it is no WAV of 16-bit linear samples at 8 to 48 kHz, or it is empty.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate_hz, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            pcm = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:
        raise BadInput(f"This is no WAV file that can be read: {error or 'it ends too early'}.") from error
    if width != 2 or not LOWEST_HZ <= rate_hz <= HIGHEST_HZ or not channels:
        raise BadInput(
            f"A WAV of 16-bit samples at 8 to 48 kHz is needed; this one has {8 * width} bits, {rate_hz} Hz."
        )
    whole = len(pcm) - len(pcm) % (2 * channels)
    samples = np.frombuffer(pcm[:whole], dtype="<i2").reshape(-1, channels).mean(axis=1, dtype=np.float32)
    if not len(samples):
        raise BadInput("This WAV has no audio in it.")
    narrow = soxr.resample(samples, rate_hz, mulaw.SAMPLE_RATE_HZ) if rate_hz != mulaw.SAMPLE_RATE_HZ else samples
    return mulaw.encode(np.clip(narrow, -32768, 32767).astype("<i2").tobytes())


def as_wav(audio: bytes) -> bytes:
    """Return mu-law as a WAV file of 16-bit linear samples, 8000 Hz, mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(mulaw.SAMPLE_RATE_HZ)
        out.writeframes(mulaw.decode(audio))
    return file.getvalue()
