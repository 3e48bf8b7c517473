"""What people mean, on utterances that no model has learned."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialer.understanding import asked, corpus, cues, model
from dialer.understanding.analysis import UNSURE, Understanding, Utterance, understand
from dialer.understanding.labels import Intent
from dialer.understanding.sounds import consonants
from dialer.understanding.voice import Baseline
from dialer.understanding.words import tokens

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def meant(text: str, after: str = "") -> Understanding:
    return understand(Utterance(text, b"", NOW, "US", after), model.shipped(), Baseline())


def test_four_in_five_intents_are_right_on_what_was_never_learned() -> None:
    held = corpus.held_out()
    learned = {" ".join(tokens(one.text)) for one in corpus.shipped()}

    shares = [
        model.shipped().judge(one.text, None, cues.leaning(one.text), asked.turned(one.asked))["intent"] for one in held
    ]
    right = [max(share, key=share.__getitem__) == one.intent for share, one in zip(shares, held, strict=True)]
    sure = [hit for share, hit in zip(shares, right, strict=True) if max(share.values()) >= 0.7]

    assert not [one.text for one in held if not one.asked and " ".join(tokens(one.text)) in learned]
    assert {one.intent for one in held} == set(Intent)
    assert sum(right) >= 0.78 * len(held)
    assert sum(sure) >= 0.9 * len(sure)
    assert len(sure) >= 0.5 * len(held)


@pytest.mark.parametrize(
    ("question", "yes", "no"),
    [
        ("May I send you an offer?", Intent.INTERESTED, Intent.NOT_INTERESTED),
        ("Great. Shall we call you back on Tuesday?", Intent.CALLBACK, Intent.DENY),
        ("Hello, this is Ada. Am I speaking with Pat Doe?", Intent.AFFIRM, Intent.WRONG_NUMBER),
        ("Is now a good time to talk?", Intent.AFFIRM, Intent.CALLBACK),
        ("Would you like to speak with one of my colleagues?", Intent.HUMAN, Intent.DENY),
        ("Shall I take you off our list?", Intent.DO_NOT_CALL, Intent.DENY),
        ("Is there anything else I can do for you?", Intent.AFFIRM, Intent.GOODBYE),
        ("Do you own the house?", Intent.AFFIRM, Intent.DENY),
        ("", Intent.AFFIRM, Intent.DENY),
        ("क्या मैं आपको जानकारी भेज दूँ?", Intent.INTERESTED, Intent.NOT_INTERESTED),
    ],
)
def test_a_bare_yes_or_no_means_what_was_asked(question: str, yes: Intent, no: Intent) -> None:
    assert (meant("Yes.", question).intent, meant("No.", question).intent) == (yes, no)


def test_what_says_more_than_yes_or_no_keeps_its_meaning() -> None:
    assert meant("How much does it cost?", "May I send you an offer?").intent is Intent.ASK_PRICE


def test_an_utterance_that_fits_nothing_well_is_none_of_the_answers() -> None:
    found = meant("brumm zagel kwop thirteenish")

    assert found.intent is Intent.OTHER
    assert max(found.intents.values()) < UNSURE or max(found.intents, key=found.intents.__getitem__) == "other"


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("Hang on a second.", Intent.WAIT),
        ("Sorry, could you say that again?", Intent.REPEAT),
        ("I have to think about it.", Intent.UNDECIDED),
        ("एक मिनट रुकिए", Intent.WAIT),
        ("samajh nahi aaya", Intent.REPEAT),
    ],
)
def test_scripts_can_listen_for_pauses_repeats_and_doubts(words: str, intent: Intent) -> None:
    assert intent in cues.leaning(words)["intent"]


@pytest.mark.parametrize(
    ("one", "other"), [("nahi", "nahee"), ("चाहिए", "chahie"), ("kab", "कब"), ("phone", "fone"), ("theek", "thik")]
)
def test_a_word_has_one_sound_however_it_is_spelled(one: str, other: str) -> None:
    assert consonants(one) == consonants(other)


def test_words_of_vowels_alone_stay_apart() -> None:
    assert consonants("aur") != consonants("i")
    assert consonants("a") == "a"
