"""What the sandbox's text-to-speech vendors share: audio that comes faster than it plays, and breaks off on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt
import soxr

from dialer.audio import mulaw
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE, Utterance

FIRST_CHUNK_S = 0.08
"""Until the first chunk of audio; ElevenLabs names 75 ms for its fast models."""
CHUNK_S = 0.2
_TIMES_REAL_TIME = 5


async def paced(audio: bytes, begin: float, *, bytes_per_s: int, cut: bool) -> AsyncIterator[bytes]:
    """Yield the audio from loop time `begin` on, five times as fast as it plays.

    Raises:
        ConnectionResetError: half-way if it is to be `cut`, so that the server breaks the reply off.
    """
    loop = asyncio.get_running_loop()
    chunk = int(CHUNK_S * bytes_per_s)
    for at in range(0, len(audio), chunk):
        if cut and at >= len(audio) // 2:
            raise ConnectionResetError("cut by a fault")
        await asyncio.sleep(max(begin + at / bytes_per_s / _TIMES_REAL_TIME - loop.time(), 0))
        yield audio[at : at + chunk]


def widened(utterance: Utterance, rate_hz: int, registry: Registry) -> bytes:
    """Make studio audio of an utterance, and learn how it sounds once it has come down to a telephone again.

    Recognition here goes by the audio itself, so what libsoxr makes of the wide audio is what is known afterwards.

    Returns:
        16-bit signed little-endian mono at `rate_hz`.
    """
    narrow = np.frombuffer(mulaw.decode(utterance.mulaw), dtype="<i2").astype(np.float32)
    wide = _whole(soxr.resample(narrow, SAMPLE_RATE_HZ, rate_hz))
    back = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
    heard = mulaw.encode(_whole(back.resample_chunk(wide.astype(np.float32), last=True)).tobytes())
    framed = heard + SILENCE * (-len(heard) % FRAME_BYTES)
    registry.add(Utterance(utterance.text, framed, utterance.words))
    return wide.tobytes()


def _whole(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2")
