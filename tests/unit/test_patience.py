"""What the agent does about silences. Times are in seconds on an invented clock."""

from __future__ import annotations

from dialer.agents.turntaking import Turntaking
from dialer.conversation.patience import SCREENING_WAIT_S, Nudge, Patience


def patience() -> Patience:
    policy = Patience(Turntaking(silence_prompt_s=5, silence_prompts=1))
    policy.noise(10.0)
    return policy


def test_a_silence_is_prompted_and_then_given_up() -> None:
    policy = patience()
    times = (14.9, 15.0, 19.9, 20.0)
    assert [policy.decide(now, screened=False) for now in times] == [
        Nudge.NOTHING,
        Nudge.PROMPT,
        Nudge.NOTHING,
        Nudge.GIVE_UP,
    ]


def test_an_answer_makes_up_for_earlier_prompts() -> None:
    policy = patience()
    policy.decide(15.0, screened=False)
    policy.answered()
    policy.noise(16.0)
    assert policy.decide(21.0, screened=False) is Nudge.PROMPT


def test_a_screener_is_waited_for_and_not_prompted() -> None:
    policy = patience()
    assert policy.decide(10.0 + SCREENING_WAIT_S - 1, screened=True) is Nudge.NOTHING
    assert policy.decide(10.0 + SCREENING_WAIT_S, screened=True) is Nudge.GIVE_UP
