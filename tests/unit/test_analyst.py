from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from dialer.understanding import analyst, model
from dialer.understanding.analysis import Understanding, Utterance
from dialer.understanding.analyst import Analyst
from dialer.understanding.voice import Baseline

SAID = Utterance("Yes, please call me tomorrow at five.", b"", datetime(2026, 11, 24, 10, tzinfo=UTC), "US")
WAIT_S = 30.0


class Collected:
    """Holds the analyst up until it is told to go on, and counts what comes."""

    def __init__(self) -> None:
        self.found: list[Understanding] = []
        self.go_on = threading.Event()
        self.begun = threading.Event()

    def __call__(self, found: Understanding) -> None:
        self.begun.set()
        self.go_on.wait(WAIT_S)
        self.found.append(found)


@pytest.fixture
def working():
    running = Analyst()
    running.start()
    yield running
    running.stop()


def submit(to: Analyst, done) -> bool:
    return to.submit(SAID, model.shipped(), Baseline(), done)


def test_what_finds_the_line_full_is_dropped_and_counted_without_waiting(working, monkeypatch) -> None:
    monkeypatch.setattr(analyst, "LATE_S", WAIT_S)
    done = Collected()
    assert submit(working, done)
    assert done.begun.wait(WAIT_S)

    taken = [submit(working, done) for _ in range(analyst.MOST_WAITING + 3)]

    assert taken == [True] * analyst.MOST_WAITING + [False] * 3
    assert working.dropped == 3
    done.go_on.set()


def test_what_has_waited_too_long_is_dropped(working, monkeypatch) -> None:
    monkeypatch.setattr(analyst, "LATE_S", WAIT_S)
    done, last = Collected(), Collected()
    last.go_on.set()
    submit(working, done)
    assert done.begun.wait(WAIT_S)
    late = Collected()
    submit(working, late)

    monkeypatch.setattr(analyst, "LATE_S", -1.0)
    done.go_on.set()
    working.stop()

    assert working.dropped == 1
    assert late.found == []


def test_an_utterance_that_breaks_it_does_not_stop_the_next(working, monkeypatch) -> None:
    monkeypatch.setattr(analyst, "LATE_S", WAIT_S)
    done = Collected()
    done.go_on.set()

    def breaks(_: Understanding) -> None:
        raise ValueError("the loop is gone")

    submit(working, breaks)
    submit(working, done)

    assert done.begun.wait(WAIT_S)
    assert working.dropped == 1
