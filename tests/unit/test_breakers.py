"""Who of a role's vendors is tried, and when."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.conversation.breakers import FAILURES, REST_S, TRIAL_S, Ranked
from dialer.errors import VendorBusy, VendorRefused


@dataclass(frozen=True)
class Vendor:
    name: str


FIRST, SECOND = Vendor("first"), Vendor("second")


def broken(now: float) -> Ranked[Vendor]:
    """A role whose first vendor has just failed too often."""
    ranked = Ranked((FIRST, SECOND))
    for _ in range(FAILURES):
        ranked.failed(FIRST, VendorBusy("first", "dead"), now)
    return ranked


def test_a_vendor_that_failed_too_often_comes_last_until_it_has_rested() -> None:
    ranked = broken(100.0)

    assert ranked.order(100.0) == [SECOND, FIRST]
    assert ranked.order(100.0 + REST_S - 0.1) == [SECOND, FIRST]
    assert ranked.order(100.0 + REST_S) == [FIRST, SECOND]


def test_one_call_tries_it_after_its_rest_and_the_others_go_on_without_it() -> None:
    ranked = broken(0.0)

    assert ranked.order(REST_S) == [FIRST, SECOND]
    assert [ranked.order(REST_S + at)[0] for at in (0.0, 1.0, TRIAL_S - 0.1)] == [SECOND] * 3


def test_one_failure_of_the_trial_lets_it_rest_again() -> None:
    ranked = broken(0.0)
    ranked.order(REST_S)
    ranked.failed(FIRST, VendorBusy("first", "still dead"), REST_S + 2.0)

    assert ranked.order(2 * REST_S + 1.9) == [SECOND, FIRST]
    assert ranked.order(2 * REST_S + 2.0) == [FIRST, SECOND]


def test_a_trial_that_nobody_told_the_end_of_is_followed_by_another() -> None:
    ranked = broken(0.0)
    ranked.order(REST_S)

    assert ranked.order(REST_S + TRIAL_S) == [FIRST, SECOND]


def test_a_vendor_that_works_again_is_everybodys_first() -> None:
    ranked = broken(0.0)
    ranked.order(REST_S)
    ranked.worked(FIRST)

    assert [ranked.order(REST_S + 1.0) for _ in range(3)] == [[FIRST, SECOND]] * 3


def test_failures_that_are_not_in_a_row_are_forgiven() -> None:
    ranked = Ranked((FIRST, SECOND))
    for _ in range(2 * FAILURES):
        ranked.failed(FIRST, VendorBusy("first", "hiccup"), 0.0)
        ranked.worked(FIRST)

    assert ranked.order(0.0) == [FIRST, SECOND]


def test_a_refusal_is_enough_alone() -> None:
    ranked = Ranked((FIRST, SECOND))
    ranked.failed(FIRST, VendorRefused("first", "401", "no such key"), 0.0)

    assert ranked.order(1.0) == [SECOND, FIRST]
