"""What menus offer, which choice is taken, and when the way ends."""

from __future__ import annotations

import pytest

from dialer.agents.menus import Menus
from dialer.conversation.ivr import MENU_OVER_S, Choice, Do, Navigator, choose, read


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        ("For sales, press 1. For support, press 2.", [("1", "sales"), ("2", "support")]),
        ("for sales press one for support press two", [("1", "sales"), ("2", "support")]),
        ("Press 1 for sales, press 2 for billing, or press 0 to speak with an operator.",
         [("1", "sales"), ("2", "billing"), ("0", "speak with an operator")]),
        ("press one for sales press two for billing", [("1", "sales"), ("2", "billing")]),
        ("Welcome to Acme. Press 1 for sales.", [("1", "sales")]),
        ("If you are a doctor's office, press 1 now. To reach the front desk, please press 0.",
         [("1", "you are a doctor's office"), ("0", "reach the front desk")]),
        ("Choose from the following. Sales, 1. Service, 2.", [("1", "sales"), ("2", "service")]),
        ("Otherwise, to reach an operator, please dial 0.", [("0", "reach an operator")]),
        ("For a directory by name, press pound.", [("#", "a directory by name")]),
        ("Hello, this is Pat.", []),
        ("We are open from 9 to 5.", []),
    ],
)  # fmt: skip
def test_menus_are_read(words: str, choices: list[tuple[str, str]]) -> None:
    assert [(choice.key, choice.label) for choice in read(words)] == choices


def test_the_dearest_of_the_wanted_choices_is_taken() -> None:
    offered = [Choice("1", "billing"), Choice("2", "sales"), Choice("0", "speak with an operator")]
    assert choose(offered, ("operator", "sales")) == offered[2]
    assert choose(offered, ("sales", "operator")) == offered[1]
    assert choose(offered, ("reception",)) is None


def step_after(navigator: Navigator, words: str, at: float) -> Do:
    navigator.heard(words, at)
    assert navigator.step(at + 0.5, last_voice_s=at).do is Do.WAIT
    return navigator.step(at + MENU_OVER_S + 0.01, last_voice_s=at).do


def test_the_menu_is_heard_to_its_end_before_a_key_is_pressed() -> None:
    navigator = Navigator(Menus(wants=("support", "sales")), 0.0)
    navigator.heard("For sales, press 1.", 2.0)
    navigator.heard("For support, press 2.", 4.0)
    step = navigator.step(5.3, last_voice_s=4.0)
    assert (step.do, step.key) == (Do.PRESS, "2")


def test_nobody_is_taken_for_a_person_before_a_key_was_pressed() -> None:
    navigator = Navigator(Menus(), 0.0)
    assert step_after(navigator, "We are at 12 Main Street.", 3.0) is Do.WAIT
    navigator.pressed()
    assert step_after(navigator, "Please hold while I connect you.", 6.0) is Do.WAIT
    assert step_after(navigator, "Front desk, this is Kim.", 9.0) is Do.TALK


def test_a_queue_is_waited_in() -> None:
    navigator = Navigator(Menus(), 0.0)
    assert step_after(navigator, "All representatives are busy. Please stay on the line.", 3.0) is Do.WAIT
    assert step_after(navigator, "Your call is important to us.", 20.0) is Do.WAIT
    assert step_after(navigator, "Hello, this is Kim.", 40.0) is Do.TALK


def test_the_model_is_asked_where_nothing_that_is_offered_is_wanted() -> None:
    assert step_after(Navigator(Menus(wants=("lamps",)), 0.0), "For sales, press 1.", 3.0) is Do.ASK
    rules_only = Navigator(Menus(wants=("lamps",), ask_model=False), 0.0)
    rules_only.heard("For sales, press 1.", 3.0)
    assert rules_only.step(4.5, last_voice_s=3.0).key == "0"
    assert step_after(rules_only, "For sales, press 1.", 9.0) is Do.GIVE_UP


def test_the_way_is_bounded_in_depth_and_time() -> None:
    navigator = Navigator(Menus(max_presses=2, max_s=60, wants=("sales",)), 0.0)
    for at in (3.0, 10.0):
        assert step_after(navigator, "For sales, press 1.", at) is Do.PRESS
        navigator.pressed()
    assert step_after(navigator, "For sales, press 1.", 20.0) is Do.GIVE_UP
    assert navigator.step(60.0, last_voice_s=59.9).do is Do.GIVE_UP
