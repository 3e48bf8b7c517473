"""The person's audio is kept once: the newest ten seconds, by number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.conversation.persons_audio import KEPT_FRAMES, SPARE_FRAMES, PersonsAudio


def frame(number: int) -> bytes:
    return number.to_bytes(2) * 80


@given(st.integers(0, 3 * KEPT_FRAMES), st.integers(0, 3 * KEPT_FRAMES), st.integers(0, 3 * KEPT_FRAMES))
def test_what_is_kept_is_found_by_its_numbers(count: int, first: int, end: int) -> None:
    audio = PersonsAudio()
    for number in range(count):
        audio.add(frame(number), now=number * 0.02)

    found = audio.between(first, end)

    kept = [number for number in range(first, min(end, count)) if number >= count - KEPT_FRAMES]
    assert found.endswith(b"".join(map(frame, kept)))
    assert b"".join(map(frame, range(first, min(end, count)))).endswith(found)
    assert len(found) <= 160 * (KEPT_FRAMES + SPARE_FRAMES)
    assert audio.count == count
