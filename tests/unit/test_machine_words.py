"""Which words are a machine's."""

from __future__ import annotations

import pytest

from dialer.conversation.machine import GREETING_OVER_S, Greeting, Verdict, judge


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("Hi, you've reached Pat. Please leave a message after the tone.", Verdict.VOICEMAIL),
        ("The person you are trying to reach is not available.", Verdict.VOICEMAIL),
        ("Your call has been forwarded to an automatic voice message system.", Verdict.VOICEMAIL),
        ("I can't come to the phone right now.", Verdict.VOICEMAIL),
        ("Please record your message at the beep.", Verdict.VOICEMAIL),
        ("The mailbox is full.", Verdict.VOICEMAIL),
        ("Please state your name and the reason for calling.", Verdict.SCREENING),
        ("Hi, the person you're calling is using a screening service from Google.", Verdict.SCREENING),
        ("Go ahead and say your name, and I'll see if this person is available.", Verdict.SCREENING),
        ("Hello?", None),
        ("Hello, this is Pat speaking, how can I help you?", None),
        ("Who is this?", None),
        ("I got your message yesterday.", None),
        ("I am not interested.", None),
    ],
)
def test_verdicts(words: str, verdict: Verdict | None) -> None:
    assert judge(words) is verdict


def test_a_greeting_is_over_after_silence() -> None:
    greeting = Greeting(10.0)
    assert not greeting.over(12.0, voiced=True, last_voice_s=12.0)
    assert not greeting.over(12.0 + GREETING_OVER_S - 0.1, voiced=False, last_voice_s=12.0)
    assert greeting.over(12.0 + GREETING_OVER_S, voiced=False, last_voice_s=12.0)


def test_an_endless_greeting_is_over_some_time() -> None:
    assert Greeting(10.0).over(60.0, voiced=True, last_voice_s=60.0)
