"""Card numbers and other numbers that may not be kept never leave the loop, however they are said."""

from __future__ import annotations

import pytest

from dialer.conversation.masking import AADHAAR, CODE, MASK, SSN, mask, over_turns


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "378282246310005",
        "3782 822463 10005",
        "four one one one one one one one one one one one one one one one",
        "4111, 1111, one one one one 1111",
        "4111 um 1111 and 1111 uh 1111",
        "five triple five, five triple five, five triple five, double four, double four",
        "forty-one eleven, eleven eleven, eleven eleven, eleven eleven",
        "four one double one, double one double one, double one double one, double one double one",
        "चार एक एक एक एक एक एक एक एक एक एक एक एक एक एक एक",
        "char ek ek ek, ek ek ek ek, ek ek ek ek, ek ek ek ek",
        "char paanch ek do teen teen teen teen teen teen teen teen teen teen teen do",
        "४१११ ११११ ११११ ११११",
        "6521 5299 9999 9993",
        "30569309025904",
        "4222222222222",
    ],
)
def test_card_numbers_are_masked(number: str) -> None:
    assert mask(f"My card is {number}.") == f"My card is {MASK}."


@pytest.mark.parametrize(
    "words",
    [
        "Call +1 212 555 0142.",
        "Order 1234567890123456",
        "one two three",
        "It is 2026-11-24 15:30, one of four.",
        "My number is +91 98765 43210.",
        "My number is 91 98765 43211, call after 6.",
        "We pay 120 a month, since 2019, for 4 people.",
        "I have two cats, one dog, and three children.",
        "The account is 1234 5678 9012.",
        "मेरा नंबर 98765 43210 है।",
    ],
)
def test_other_numbers_stay(words: str) -> None:
    assert mask(words) == words


@pytest.mark.parametrize(
    ("words", "masked"),
    [
        ("The security code is 123.", f"The security code is {CODE}."),
        ("CVV four five six", f"CVV {CODE}"),
        ("it's cvc 1234, thanks", f"it's cvc {CODE}, thanks"),
        ("4111111111111111, and the code on the back is 9 8 7", f"{MASK}, and the code on the back is {CODE}"),
        ("सीवीवी एक दो तीन", f"सीवीवी {CODE}"),
    ],
)
def test_security_codes_are_masked(words: str, masked: str) -> None:
    assert mask(words) == masked


@pytest.mark.parametrize(
    ("words", "masked"),
    [
        ("My Aadhaar is 2341 2341 2346.", f"My Aadhaar is {AADHAAR}."),
        ("आधार नंबर 234123412346 है", f"आधार नंबर {AADHAAR} है"),
        ("It is 2341 2341 2346, I think.", f"It is {AADHAAR}, I think."),
        ("My social is 123-45-6789.", f"My social is {SSN}."),
        ("123-45-6789", SSN),
        ("Social security number one two three, four five, six seven eight nine", f"Social security number {SSN}"),
    ],
)
def test_numbers_of_the_state_are_masked(words: str, masked: str) -> None:
    assert mask(words) == masked


def test_what_answers_a_question_for_a_card_is_masked_from_its_first_group_on() -> None:
    assert mask("4111", asked="What is your card number?") == MASK
    assert mask("four one one one", asked="Could I have your credit card number, please?") == MASK
    assert mask("it's 123", asked="And the security code?") == f"it's {CODE}"
    assert mask("tomorrow at 5", asked="Shall we take your card number then?") == "tomorrow at 5"
    assert mask("4111", asked="What is your house number?") == "4111"


@pytest.mark.parametrize(
    "turns",
    [
        ("4111", "1111", "1111", "1111"),
        ("it's four one one one", "then eleven eleven", "1111", "and last one one one one"),
        ("41111111", "11111111"),
        ("3782", "822463", "10005"),
    ],
)
def test_a_card_number_over_several_turns_is_masked_in_all_of_them(turns: tuple[str, ...]) -> None:
    *past, last = turns

    found = over_turns(past, last)

    assert found is not None
    assert len(found) == len(turns)
    assert all(MASK in text and not any(letter.isdigit() for letter in text) for text in found)


def test_turns_before_the_number_and_sentences_with_figures_are_left_alone() -> None:
    found = over_turns(["Yes, since 2019 I guess, we are four people here in the house.", "4111 1111", "11111111"], "")
    assert found is None

    found = over_turns(["My zip is 90210 I think.", "Hold on.", "4111", "1111 1111"], "1111")
    assert found == ["My zip is 90210 I think.", "Hold on.", MASK, MASK, MASK]


@pytest.mark.parametrize("turns", [("212", "555", "0142"), ("4111", "1111", "1112"), ("98765", "43210")])
def test_numbers_over_several_turns_that_are_no_card_stay(turns: tuple[str, ...]) -> None:
    *past, last = turns
    assert over_turns(past, last) is None
