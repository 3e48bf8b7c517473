"""Who asks for no more calls, and who does not."""

from __future__ import annotations

import pytest

from dialer.conversation.optout import wants_out


@pytest.mark.parametrize(
    "words",
    [
        "Stop calling me.",
        "Please stop calling this number!",
        "Would you people quit calling?",
        "Don't call me again.",
        "Do not call me anymore, okay?",
        "please do not call here",
        "dont call me",
        "Don\u2019t ever call me again",
        "Never call me again.",
        "Never call this number again",
        "I told you not to call me again.",
        "Take me off your list.",
        "take me off the calling list please",
        "Remove me from your database",
        "remove my number from your system",
        "Can you delete my number?",
        "Remove me, please.",
        "Put me on your do not call list.",
        "put my number on the do-not-call list",
        "I don't want any more calls.",
        "I do not want to receive these calls",
        "I don't want you to call me",
        "I don't want to be contacted.",
        "No more calls, please.",
        "Unsubscribe.",
        "I want to opt out.",
        "opt me out",
        "Lose my number.",
        "Leave me alone!",
        "I revoke my consent.",
        "Yeah um stop calling me tomorrow I will sue you",
        "don't call me again before I call the police",
        "Mujhe dobara call mat karna",
        "phone mat karo",
        "call karna band karo",
        "mera number hata do",
        "मुझे फोन मत करो",
        "दोबारा कॉल मत कीजिए",
        "मेरा नंबर हटा दो",
    ],
)
def test_asks_for_no_more_calls(words: str) -> None:
    assert wants_out(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Yes, I'm interested.",
        "Don't call me before five.",
        "Please don't call me at work, use my cell.",
        "Don't call me tomorrow, call me on Tuesday.",
        "Don't call me now, I'm driving, later is fine.",
        "Don't call me sir.",
        "Can you call me back on Tuesday?",
        "I don't want to stop calling my mother.",
        "I never call it that.",
        "Don't remove me from the list, I want to hear more.",
        "I don't want to opt out.",
        "What's on your list of features?",
        "Take a look at my number of employees.",
        "How many calls do you get?",
        "I stopped by your office.",
        "Not interested.",
        "No thanks.",
        "कल फोन कीजिए",
        "kal phone karo",
    ],
)
def test_means_something_else(words: str) -> None:
    assert not wants_out(words)
