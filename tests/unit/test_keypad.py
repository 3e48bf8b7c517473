"""What the keys that a person presses mean. Times are in seconds on an invented clock."""

from __future__ import annotations

import pytest

from dialer.conversation.keypad import LONGEST, Keypad, Meaning, meaning


def pressed(keys: str, *, apart_s: float = 0.5) -> Keypad:
    keypad = Keypad(2.0)
    for at, key in enumerate(keys):
        keypad.press(key, 1.0 + at * apart_s)
    return keypad


def test_a_number_is_complete_after_a_gap_and_given_once() -> None:
    keypad = pressed("4711")
    assert keypad.take(4.4) == ""
    assert keypad.take(4.5) == "4711"
    assert keypad.take(9.0) == ""


def test_hash_completes_a_number_at_once_and_is_no_part_of_it() -> None:
    assert pressed("4711#").take(3.0) == "4711"


def test_hash_alone_says_nothing() -> None:
    assert pressed("#").take(9.0) == ""


def test_a_number_that_never_ends_is_taken_in_pieces() -> None:
    assert len(pressed("1" * LONGEST, apart_s=0.1).take(4.2)) == LONGEST


def test_two_numbers_are_two() -> None:
    keypad = pressed("12#")
    assert keypad.take(2.0) == "12"
    keypad.press("3", 2.5)
    assert (keypad.started_s, keypad.take(4.5)) == (2.5, "3")


@pytest.mark.parametrize("digits", ["9", "99", "9999"])
def test_nine_and_nothing_else_opts_out(digits: str) -> None:
    assert meaning(digits) is Meaning.OPT_OUT


@pytest.mark.parametrize("digits", ["1", "911", "90210", "19"])
def test_a_number_with_a_nine_in_it_is_a_number(digits: str) -> None:
    assert meaning(digits) is Meaning.NUMBER
