"""Card numbers never leave the loop."""

from __future__ import annotations

import pytest

from dialer.conversation.masking import MASK, mask


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "378282246310005",
        "four one one one one one one one one one one one one one one one",
        "4111, 1111, one one one one 1111",
    ],
)
def test_card_numbers_are_masked(number: str) -> None:
    assert mask(f"My card is {number}.") == f"My card is {MASK}."


@pytest.mark.parametrize(
    "words",
    ["Call +1 212 555 0142.", "Order 1234567890123456", "one two three", "It is 2026-11-24 15:30, one of four."],
)
def test_other_numbers_stay(words: str) -> None:
    assert mask(words) == words
