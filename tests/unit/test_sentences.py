"""Cutting an answer into what a voice can begin to say."""

from __future__ import annotations

import pytest

from dialer.conversation.sentences import LONGEST, Sentences


def cut(text: str, size: int) -> list[str]:
    sentences = Sentences()
    done = [s for at in range(0, len(text), size) for s in sentences.feed(text[at : at + size])]
    return [*done, *filter(None, [sentences.rest()])]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you? Good!", ["Hello there.", "How are you?", "Good!"]),
        ("It costs 3.50 dollars. Fine.", ["It costs 3.50 dollars.", "Fine."]),
        ("Dr. Smith and Mr. Jones agree. Yes.", ["Dr. Smith and Mr. Jones agree.", "Yes."]),
        ("We open at 9 a.m. on Monday.", ["We open at 9 a.m. on Monday."]),
        ("I really can't. Ask J. Smith.", ["I really can't.", "Ask J. Smith."]),
        ("नमस्ते। आप कैसे हैं?", ["नमस्ते।", "आप कैसे हैं?"]),
        ("One\nTwo", ["One", "Two"]),
        ("No end", ["No end"]),
        ("", []),
    ],
)
def test_sentences_do_not_depend_on_how_the_tokens_come(text: str, expected: list[str], size: int) -> None:
    assert cut(text, size) == expected


def test_a_sentence_is_given_out_before_the_answer_is_complete() -> None:
    assert Sentences().feed("Sure. And") == ["Sure."]


@pytest.mark.parametrize("sentence", ["Sure.", "How are you?", "Well, don't.", "Thank you!", "नमस्ते।"])
def test_a_voice_need_not_wait_for_what_follows_a_sentence(sentence: str) -> None:
    assert Sentences().feed(sentence) == [sentence]


@pytest.mark.parametrize(
    "begun", ["It costs 3.", "Ask Dr.", "At 9 a.", "Write to sam@example.", "See www.example.", "No."]
)
def test_a_dot_that_may_be_none_of_a_sentence_is_waited_for(begun: str) -> None:
    assert Sentences().feed(begun) == []


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (
            ["He asked", " why", "?", '"', " Then", " he", " left", ".", ")", " Yes"],
            ["He asked why?", "Then he left.", "Yes"],
        ),
        (["Really", "?", "!", " Yes"], ["Really?", "Yes"]),
        (["Well", ".", ".", ".", " Yes"], ["Well.", "Yes"]),
        (["Go to example", ".", "com for more", ". Yes"], ["Go to example.", ".com for more.", "Yes"]),
        (["Go to example", ".com for more", ". Yes"], ["Go to example.com for more.", "Yes"]),
        (["Good", ".", "", " Yes"], ["Good.", "Yes"]),
        (["It costs", " Rs", ".", "500", " a month."], ["It costs Rs.500 a month."]),
        (["It takes a while", ".", "10", " minutes."], ["It takes a while.", "10 minutes."]),
    ],
)
def test_what_follows_an_end_that_was_not_waited_for_is_made_sense_of(tokens: list[str], expected: list[str]) -> None:
    sentences = Sentences()
    done = [sentence for token in tokens for sentence in sentences.feed(token)]
    assert [*done, *filter(None, [sentences.rest()])] == expected


def test_a_long_first_sentence_is_cut_at_a_comma() -> None:
    text = "That depends on the size of your roof and on the direction, but most homes pay less than that."
    assert cut(text, 5)[0] == "That depends on the size of your roof and on the direction,"


def test_an_endless_text_is_cut_and_nothing_is_lost() -> None:
    text = "word " * 200
    parts = cut(text, 11)
    assert all(len(part) <= LONGEST for part in parts)
    assert " ".join(parts) == text.strip()
