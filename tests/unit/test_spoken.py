"""Where the next voice goes on."""

from __future__ import annotations

from dialer.conversation.playout import Audio
from dialer.conversation.spoken import BYTES_PER_CHARACTER, Fragment, Spoken
from dialer.speech.base import Timed

TEXT = "Our plan costs forty euros a month."


def test_the_rest_begins_at_the_first_word_that_is_not_whole() -> None:
    spoken = Spoken(TEXT, BYTES_PER_CHARACTER)
    for piece in (b"x" * 3000, Timed(3, 2000), b"x" * 1500, Timed(8, 4200)):
        spoken.add(piece)

    assert spoken.rest() == ("costs forty euros a month.", Fragment(300))


def test_a_word_that_was_timed_but_not_delivered_is_not_whole() -> None:
    spoken = Spoken(TEXT, BYTES_PER_CHARACTER)
    for piece in (b"x" * 3000, Timed(3, 2000), Timed(8, 4200)):
        spoken.add(piece)

    assert spoken.rest() == ("plan costs forty euros a month.", Fragment(1000))


def test_without_times_a_word_may_be_said_twice_but_none_is_lost() -> None:
    spoken = Spoken(TEXT, 500)
    spoken.add(b"x" * 500 * 11)  # in the middle of "costs"

    rest, fragment = spoken.rest()
    assert rest in ("plan costs forty euros a month.", "costs forty euros a month.")
    assert fragment == Fragment(0)


def test_without_a_sound_everything_is_left() -> None:
    assert Spoken(TEXT, 500).rest() == (TEXT, Fragment(0))


def test_a_fragment_is_taken_back_unless_somebody_got_it() -> None:
    audio = Audio()
    audio.add(b"x" * 1000)
    audio.taken = 800
    audio.add(Fragment(300))
    assert len(audio.data) == 800

    audio.taken = 0
    audio.add(Fragment(300))
    assert len(audio.data) == 500
