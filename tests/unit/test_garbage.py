"""When a call worker looks for garbage."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from workers import garbage


class Circle:
    def __init__(self) -> None:
        self.itself = self


def leave(circles: int) -> weakref.ref[Circle]:
    """Leave garbage, each circle an object and its attributes; return one of them."""
    first = weakref.ref(Circle())
    for _ in range(circles):
        Circle()
    return first


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    garbage.begin()
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_looked_for_on_its_own() -> None:
    left = leave(5 * garbage.OBJECTS_A_CALL)
    assert left() is not None


def test_while_nobody_talks_little_is_enough() -> None:
    left = leave(10)
    assert not garbage.look(0)
    leave(garbage.OBJECTS_A_CALL)
    assert garbage.look(0)
    assert left() is None
    assert not garbage.look(0)


def test_while_people_talk_it_takes_the_more_the_more_of_them_there_are() -> None:
    left = leave(2 * garbage.OBJECTS_A_CALL)
    assert not garbage.look(10)
    assert left() is not None
    leave(10 * garbage.OBJECTS_A_CALL)
    assert garbage.look(10)
    assert left() is None


def test_what_is_gone_again_does_not_count() -> None:
    for _ in range(5 * garbage.OBJECTS_A_CALL):
        assert [[]]
    assert not garbage.look(0)
