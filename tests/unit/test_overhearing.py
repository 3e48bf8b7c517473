"""What of the line a speech-to-speech model is given: the person's voice, from its beginning to each pause."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dialer.conversation.talking import Overhearing

FRAME = b"\xff" * 160


class Talk:
    """What the model is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.dropped_bytes = 0

    def begin(self) -> None:
        self.told.append("begin")

    def feed(self, mulaw: bytes) -> None:
        self.told.append(f"{len(mulaw) // len(FRAME)} frames")

    def finalize(self) -> None:
        self.told.append("end")


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def ear() -> SimpleNamespace:
    return SimpleNamespace(voiced_since_s=0.0, last_voice_s=0.0)


@pytest.fixture
def listening(talk: Any, ear: Any) -> Overhearing:
    return Overhearing(talk, ear, lambda: None)


def test_a_pause_of_which_the_ear_is_not_sure_yet_is_no_new_beginning(
    listening: Overhearing, talk: Talk, ear: SimpleNamespace
) -> None:
    ear.voiced_since_s, ear.last_voice_s = 1.0, 1.5
    listening.feed(FRAME)
    listening.finalize()
    listening.feed(FRAME)
    listening.finalize()

    assert talk.told == ["begin", "1 frames", "end"]


def test_who_goes_on_before_the_ear_is_sure_begins_again_with_all_since_the_pause(
    listening: Overhearing, talk: Talk, ear: SimpleNamespace
) -> None:
    ear.voiced_since_s, ear.last_voice_s = 1.0, 1.5
    listening.feed(FRAME)
    listening.finalize()
    listening.feed(FRAME)
    ear.last_voice_s = 1.6
    listening.feed(FRAME)

    assert talk.told == ["begin", "1 frames", "end", "begin", "2 frames"]


def test_half_a_second_before_the_voice_belongs_to_it_however_long_the_messages_of_silence(
    listening: Overhearing, talk: Talk, ear: SimpleNamespace
) -> None:
    for _ in range(30):
        listening.feed(10 * FRAME)
    ear.voiced_since_s, ear.last_voice_s = 6.0, 6.1
    listening.feed(2 * FRAME)

    assert talk.told == ["begin", "25 frames"]
