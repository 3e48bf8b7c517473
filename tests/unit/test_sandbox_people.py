"""Who a number is depends on the seed, the number and how many calls it has had; on nothing else."""

from __future__ import annotations

import re

import pytest

from dialer.sandbox.people import People
from dialer.sandbox.people_kinds import ANYTHING, BY_NAME, KINDS, START

NUMBERS = [f"+1212555{index:04}" for index in range(100, 200)]


def test_the_same_seed_is_the_same_people_in_any_order() -> None:
    there, back = People(7), People(7)
    forth = {number: [there.meet(number).kind.name for _ in range(4)] for number in NUMBERS}
    again = {number: [] for number in NUMBERS}  # type: dict[str, list[str]]
    for _ in range(4):
        for number in reversed(NUMBERS):
            again[number].append(back.meet(number).kind.name)
    assert forth == again


def test_another_seed_is_other_people() -> None:
    assert [People(7).kind(n).name for n in NUMBERS] != [People(8).kind(n).name for n in NUMBERS]


def test_sixty_numbers_meet_at_least_ten_kinds() -> None:
    for seed in range(20):
        assert len({People(seed).kind(number, 0).name for number in NUMBERS[:60]}) >= 10


def test_who_was_away_is_often_reached_later() -> None:
    people = People(7)
    away = [n for n in NUMBERS if people.kind(n, 0).name in ("no_answer", "busy", "voicemail")]
    reached = [n for n in away if any(people.kind(n, index).human for index in (1, 2))]
    assert len(reached) > len(away) / 2


def test_who_asked_for_a_callback_has_time_when_called_back() -> None:
    people = People(7)
    asked = [n for n in NUMBERS if people.kind(n, 0).name == "callback"]
    assert asked
    assert {people.kind(number, 1).name for number in asked} <= {"interested", "not_interested"}


def test_a_pinned_number_is_what_it_is_told_to_be() -> None:
    people = People(7)
    people.pin(NUMBERS[0], "busy")
    assert {people.meet(NUMBERS[0]).kind.name for _ in range(5)} == {"busy"}
    people.pin(NUMBERS[0], None)
    assert people.kind(NUMBERS[0]).name == People(7).kind(NUMBERS[0], 5).name


def test_looking_at_somebody_is_no_call() -> None:
    people = People(7)
    people.kind(NUMBERS[0])
    assert people.had(NUMBERS[0]) == 0


def test_a_restart_goes_on_counting() -> None:
    people = People(7)
    people.remember(NUMBERS[0], 3)
    assert people.meet(NUMBERS[0]).index == 3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.turns], ids=lambda kind: kind.name)
def test_every_table_can_be_followed(kind: object) -> None:
    turns = BY_NAME[kind.name].turns  # type: ignore[attr-defined]
    assert START in turns
    for rules in turns.values():
        for rule in rules:
            re.compile(rule.hears)
            assert not rule.goes or rule.goes in turns
        assert rules[-1].hears == ANYTHING, "somebody must always know what to do"
