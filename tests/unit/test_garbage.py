"""When a call worker looks for garbage."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from workers.garbage import LITTLE, MUCH, OWN, Search


class Circle:
    def __init__(self) -> None:
        self.itself = self


def leave(circles: int) -> weakref.ref[Circle]:
    """Leave garbage, an object a circle; return one of them."""
    first = weakref.ref(Circle())
    for _ in range(circles):
        Circle()
    return first


@pytest.fixture
def search() -> Iterator[Search]:
    yield Search()
    gc.unfreeze()
    gc.enable()


def test_nothing_is_looked_for_on_its_own(search: Search) -> None:
    left = leave(5 * LITTLE)
    assert left() is not None


def test_while_nobody_talks_little_is_enough(search: Search) -> None:
    left = leave(10)
    assert not search.look(0)
    leave(LITTLE)
    assert search.look(0)
    assert left() is None
    assert not search.look(0)


def test_while_people_talk_it_takes_the_more_the_more_of_them_there_are(search: Search) -> None:
    left = leave(2 * LITTLE)
    assert not search.look(10)
    assert left() is not None
    leave(10 * OWN + 5 * LITTLE)
    assert search.look(10)
    assert left() is None


def test_it_never_takes_more_than_much_beside_what_calls_are_made_of(search: Search) -> None:
    calls = 500
    own = [[] for _ in range(OWN * calls)]
    left = leave(MUCH - 2 * LITTLE)
    assert not search.look(calls)
    leave(4 * LITTLE)
    assert search.look(calls)
    assert left() is None
    assert len(own) == OWN * calls


def test_when_the_last_call_is_over_it_is_looked_once_however_little_there_is(search: Search) -> None:
    left = leave(10)
    assert not search.look(1)
    assert search.look(0)
    assert left() is None
    assert not search.look(0)


def test_what_is_gone_again_does_not_count(search: Search) -> None:
    for _ in range(5 * LITTLE):
        assert [[]]
    assert not search.look(0)
