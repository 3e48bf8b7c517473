"""When a person's turn is over. Times are in seconds on an invented clock."""

from __future__ import annotations

import pytest

from dialer.agents.turntaking import Turntaking
from dialer.conversation.endpointing import FINAL_WAIT_S, WORDLESS_S, Endpointer, unheard
from dialer.speech.base import Heard

SETTINGS = Turntaking(endpoint_ms=500, endpoint_sure_ms=200, endpoint_open_ms=1000)


def turn(*, until: float = 2.0) -> Endpointer:
    endpointer = Endpointer(SETTINGS)
    endpointer.voice(1.0, until)
    return endpointer


def test_no_turn_before_anybody_spoke() -> None:
    assert Endpointer(SETTINGS).deadline() is None


def test_final_words_end_after_the_usual_silence() -> None:
    endpointer = turn()
    endpointer.words(Heard("I was thinking about it", is_final=True), 2.1)
    assert endpointer.deadline() == pytest.approx(2.5)


@pytest.mark.parametrize("heard", [Heard("Yes please", True, end_of_turn=True), Heard("Yes please.", True)])
def test_words_that_are_surely_complete_end_sooner(heard: Heard) -> None:
    endpointer = turn()
    endpointer.words(heard, 2.1)
    assert endpointer.deadline() == pytest.approx(2.2)


def test_end_of_turn_may_come_after_the_words() -> None:
    endpointer = turn()
    endpointer.words(Heard("Yes please", True), 2.1)
    endpointer.words(Heard("", True, end_of_turn=True), 2.15)
    assert endpointer.deadline() == pytest.approx(2.2)


@pytest.mark.parametrize(
    "words",
    ["Well I would like to", "It costs too much and", "Um", "because", "मुझे चाहिए लेकिन", "main sochta hoon ki", "वो मेरे"],
)
def test_words_that_promise_more_are_waited_for_longer(words: str) -> None:
    endpointer = turn()
    endpointer.words(Heard(words, True), 2.1)
    assert endpointer.deadline() == pytest.approx(3.0)


def test_a_pause_that_the_recognizer_takes_for_the_end_is_none_after_words_that_promise_more() -> None:
    endpointer = turn()
    endpointer.words(Heard("I would like to", True, end_of_turn=True), 2.1)
    assert endpointer.deadline() == pytest.approx(3.0)


def test_interim_words_wait_for_final_ones() -> None:
    endpointer = turn()
    endpointer.words(Heard("yes I would", False), 2.0)
    assert endpointer.deadline() == pytest.approx(2.5 + FINAL_WAIT_S)
    assert endpointer.text == "yes I would"


def test_speech_that_goes_on_moves_the_deadline_and_takes_the_certainty_back() -> None:
    endpointer = turn()
    endpointer.words(Heard("I would love it", True, end_of_turn=True), 2.1)
    endpointer.voice(1.0, 2.3)
    assert endpointer.deadline() == pytest.approx(2.8)


def test_a_voice_that_only_dies_away_takes_no_certainty_back() -> None:
    """A quick recognizer tells the end while the detector still hears the last sound."""
    endpointer = turn(until=2.0)
    endpointer.words(Heard("Yes please", True, end_of_turn=True), 2.1)
    endpointer.voice(1.0, 2.15)
    assert endpointer.deadline() == pytest.approx(2.35)

    endpointer.voice(1.0, 2.4)
    assert endpointer.deadline() == pytest.approx(2.9)


def test_an_answer_is_prepared_as_soon_as_the_recognizer_says_that_the_turn_is_over() -> None:
    endpointer = turn(until=2.0)
    endpointer.words(Heard("Yes please", True), 2.05)
    assert not endpointer.probably_over(2.06)

    endpointer.words(Heard("", True, end_of_turn=True), 2.06)
    assert endpointer.probably_over(2.06)

    endpointer.words(Heard("and", False), 2.07)
    assert not endpointer.probably_over(2.08)


def test_interim_words_replace_each_other_and_final_ones_add_up() -> None:
    endpointer = turn()
    for heard in (
        Heard("how", False),
        Heard("how much", False),
        Heard("How much", True),
        Heard("is", False),
        Heard("is it?", True),
    ):
        endpointer.words(heard, 2.0)
    assert endpointer.text == "How much is it?"


def test_voice_without_words_is_noise_in_the_end() -> None:
    assert turn().deadline() == pytest.approx(2.0 + WORDLESS_S)


def test_a_voice_too_faint_for_the_detector_counts_by_its_words() -> None:
    endpointer = Endpointer(SETTINGS)
    endpointer.words(Heard("yes", True), 5.0)
    assert endpointer.deadline() == pytest.approx(5.5)


def test_final_words_are_asked_for_once_in_each_pause() -> None:
    endpointer = turn()
    assert [endpointer.wants_final(now) for now in (2.1, 2.21, 2.3)] == [False, True, False]
    endpointer.voice(1.0, 2.6)
    assert endpointer.wants_final(2.81)


@pytest.mark.parametrize(
    ("final", "interim", "new"),
    [
        ("Hello?", "hello", ""),
        ("Hello, who is this?", "hello who", "is this?"),
        ("Hello?", "", "Hello?"),
        ("Go on.", "hello", "Go on."),
    ],
)
def test_final_words_that_come_late_are_not_heard_twice(final: str, interim: str, new: str) -> None:
    assert unheard(final, interim) == new
