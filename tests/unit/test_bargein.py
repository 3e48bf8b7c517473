"""When the agent yields. Times are in seconds on an invented clock."""

from __future__ import annotations

import pytest

from dialer.agents.turntaking import Turntaking
from dialer.conversation.bargein import HELD_AT_MOST_S, BargeIn, Move, is_back_channel

SETTINGS = Turntaking(barge_in_ms=160, verdict_ms=700)


def decide(policy: BargeIn, now: float, *, since: float = 0.0, last: float = 0.0, words: str = "") -> Move:
    return policy.decide(now, voiced_since_s=since, last_voice_s=last, words=words)


def test_short_noise_does_nothing() -> None:
    assert decide(BargeIn(SETTINGS), 1.1, since=1.0, last=1.1) is Move.NOTHING


def test_confirmed_speech_makes_the_agent_hold() -> None:
    assert decide(BargeIn(SETTINGS), 1.2, since=1.0, last=1.18) is Move.HOLD


def test_words_that_mean_something_make_it_yield() -> None:
    policy = BargeIn(SETTINGS)
    decide(policy, 1.2, since=1.0, last=1.2)
    assert decide(policy, 1.4, since=1.0, last=1.4, words="wait a") is Move.YIELD


def test_known_words_make_it_yield_at_once() -> None:
    assert decide(BargeIn(SETTINGS), 1.2, since=1.0, last=1.2, words="hold on") is Move.YIELD


def test_a_voice_without_words_is_waited_for_and_has_the_floor_in_the_end() -> None:
    policy = BargeIn(SETTINGS)
    decide(policy, 1.2, since=1.0, last=1.2)
    assert decide(policy, 2.0, since=1.0, last=2.0) is Move.NOTHING
    assert decide(policy, 1.2 + HELD_AT_MOST_S, since=1.0, last=4.2) is Move.YIELD


def test_a_noise_that_lasts_gives_the_floor_back_when_it_ends() -> None:
    policy = BargeIn(SETTINGS)
    decide(policy, 1.2, since=1.0, last=1.2)
    decide(policy, 2.0, since=1.0, last=2.0)
    assert decide(policy, 2.4, last=2.1) is Move.GO_ON


@pytest.mark.parametrize("words", ["", "uh-huh", "Yeah."])
def test_noise_and_back_channels_let_it_go_on(words: str) -> None:
    policy = BargeIn(SETTINGS)
    decide(policy, 1.2, since=1.0, last=1.2)
    assert decide(policy, 1.5, last=1.3, words=words) is Move.NOTHING
    assert decide(policy, 1.9, last=1.3, words=words) is Move.GO_ON
    assert not policy.held


@pytest.mark.parametrize(
    "words",
    ["uh-huh", "Okay.", "yeah", "Yeah, yeah.", "mm-hmm", "right", "I see.", "haan ji", "हाँ", "हाँ जी।", "अच्छा, ठीक है"],
)
def test_back_channels(words: str) -> None:
    assert is_back_channel(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "yes but how much",
        "okay stop",
        "no",
        "what?",
        "right now I can't",
        "wait",
        "हाँ लेकिन कितना",
        "नहीं",
        "रुकिए",
        "हाँ जी बताइए",
    ],
)
def test_no_back_channels(words: str) -> None:
    assert not is_back_channel(words)
