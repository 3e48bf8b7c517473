"""The mu-law codec keeps G.711's promises."""

from __future__ import annotations

import numpy as np
import pytest

from dialer.audio import mulaw


def test_known_values_of_the_recommendation() -> None:
    samples = np.array([0, 8, -8, 32767, -32768, 1000, -1000], dtype="<i2")

    assert mulaw.encode(samples.tobytes()) == bytes([0xFF, 0xFE, 0x7E, 0x80, 0x00, 0xCE, 0x4E])


def test_every_byte_survives_the_way_to_linear_and_back() -> None:
    every = bytes(range(256))

    again = mulaw.encode(mulaw.decode(every))

    assert again == every.replace(b"\x7f", b"\xff")  # the two zeros are one


def test_error_is_below_half_a_step() -> None:
    samples = np.arange(-32635, 32636, dtype="<i2")

    back = np.frombuffer(mulaw.decode(mulaw.encode(samples.tobytes())), dtype="<i2")

    error = np.abs(back.astype(int) - samples)
    assert (error <= np.maximum(4, (np.abs(samples.astype(int)) + 132) / 32)).all()


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="half a sample"):
        mulaw.encode(b"\x00\x00\x01")
