"""A two-channel WAV that is valid at any moment, also after a kill: the header is set right with every batch."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

import numpy as np

from dialer.audio.mulaw import PCM, SAMPLE_RATE_HZ, SILENCE

CHANNELS: Final = 2
_BYTES_PER_FRAME: Final = 2 * CHANNELS
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


def header(data_bytes: int) -> bytes:
    """Return the 44-byte header of 16-bit linear stereo at 8000 Hz with so much data behind it."""
    rate = SAMPLE_RATE_HZ
    return _HEADER.pack(
        b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, CHANNELS, rate, rate * _BYTES_PER_FRAME, _BYTES_PER_FRAME,
        16, b"data", data_bytes,
    )  # fmt: skip


def interleave(left: bytes, right: bytes) -> bytes:
    """Make stereo linear samples of two mu-law channels; the shorter one is filled with silence."""
    length = max(len(left), len(right))
    both = np.empty((length, CHANNELS), np.int16)
    both[:, 0] = PCM.take(np.frombuffer(left.ljust(length, SILENCE), np.uint8))
    both[:, 1] = PCM.take(np.frombuffer(right.ljust(length, SILENCE), np.uint8))
    return both.tobytes()


class WavFile:
    """A growing file under a temporary name; it gets its own name when it is closed.

    Two system calls a batch and no more: at each the media loop and this thread contend for the interpreter.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_suffix(".wav.part")
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._partial.open("wb", buffering=0)
        self._data_bytes = 0
        self._file.write(header(0))

    def append(self, left: bytes, right: bytes) -> None:
        """Add mu-law of both channels."""
        data = memoryview(interleave(left, right))
        self._data_bytes += len(data)
        while data:
            data = data[self._file.write(data) :]
        os.pwrite(self._file.fileno(), header(self._data_bytes), 0)

    def abandon(self) -> None:
        """Close it as it is, under its temporary name."""
        self._file.close()

    def close(self) -> Path:
        """Finish the file and give it its name."""
        self._file.close()
        return self._partial.replace(self._path)
