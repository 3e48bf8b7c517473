"""G.711 mu-law, the telephone's audio: one byte a sample at 8000 Hz."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ: Final = 8000
BYTES_PER_MS: Final = 8
FRAME_MS: Final = 20
FRAME_BYTES: Final = 160
SILENCE: Final = b"\xff"
"""One sample of digital silence."""
SILENT_FRAME: Final = SILENCE * FRAME_BYTES

_BIAS = 0x84
_CLIP = 32635


def _decoding_table() -> npt.NDArray[np.int16]:
    """The linear sample of each byte."""
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << ((code & 0x70) >> 4)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2")


def _encoding_table() -> npt.NDArray[np.uint8]:
    """The byte of each linear sample, at the sample's own bits read as unsigned."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    biased = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    code: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return code


PCM: Final[npt.NDArray[np.int16]] = _decoding_table()
"""The linear sample of each byte."""
FLOAT: Final[npt.NDArray[np.float32]] = (PCM / np.float32(32768)).astype(np.float32)
"""The same between -1 and 1, as neural models take it."""
_LOW, _HIGH = PCM.astype("<i2").tobytes()[0::2], PCM.astype("<i2").tobytes()[1::2]
"""Its two bytes, for those who want bytes."""
_CODE: npt.NDArray[np.uint8] = _encoding_table()


def encode(pcm: bytes) -> bytes:
    """Encode linear samples as mu-law.

    Args:
        pcm: 16-bit signed little-endian mono. 20 ms of telephone audio (8000 Hz) is 160 samples, 320 bytes.

    Returns:
        One byte per sample: half the length of `pcm`.

    Raises:
        ValueError: `pcm` ends in half a sample.

    Source: ITU-T Recommendation G.711.
    """
    if len(pcm) % 2:
        raise ValueError(f"{len(pcm)} bytes end in half a sample")
    samples = np.frombuffer(pcm, dtype="<u2")
    return _CODE.take(samples).tobytes()


def decode(mulaw: bytes) -> bytes:
    """Decode mu-law to linear samples.

    Args:
        mulaw: one byte per sample.

    Returns:
        16-bit signed little-endian mono: twice the length of `mulaw`.

    Source: ITU-T Recommendation G.711.
    """
    pcm = bytearray(2 * len(mulaw))  # for 20 ms quicker than numpy
    pcm[0::2] = mulaw.translate(_LOW)
    pcm[1::2] = mulaw.translate(_HIGH)
    return bytes(pcm)
