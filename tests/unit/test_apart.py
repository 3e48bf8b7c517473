"""Understanding in a process of its own: the same as here, for as long as we live, and again if it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from dialer.audio import mulaw
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices
from dialer.understanding import analysis, apart, model
from dialer.understanding.analysis import Utterance
from dialer.understanding.apart import Apart, NotUnderstood
from dialer.understanding.model import Model
from dialer.understanding.voice import Baseline

TEXT = "Yes, please call me tomorrow at five."
LIMIT_S = 30.0


@pytest.fixture(scope="module")
def said() -> Utterance:
    heard = Voices(Registry()).speak(TEXT).mulaw
    return Utterance(TEXT, heard, datetime(2026, 11, 24, 10, tzinfo=UTC), "US")


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Apart]:
    monkeypatch.setattr(apart, "ANSWER_S", LIMIT_S)
    process = Apart()
    process.start()
    yield process
    process.stop()


def gone(pid: int) -> bool:
    give_up = time.monotonic() + LIMIT_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def test_it_understands_as_this_process_would_and_learns_the_persons_voice(running: Apart, said: Utterance) -> None:
    louder = replace(said, heard=mulaw.SILENT_FRAME * 10 + said.heard[: len(said.heard) // 2])
    here, there = Baseline(), Baseline()

    for utterance in (said, louder, said):
        expected = analysis.understand(utterance, model.shipped(), here)
        assert running.understand(utterance, model.shipped(), there) == expected

    assert here == there != Baseline()


def test_each_model_is_sent_once_and_judges_what_is_asked_of_it(
    running: Apart, said: Utterance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "MOST_MODELS", 2)
    shipped = model.shipped()
    models = [Model(f"{number}", shipped.heads, shipped.meaning) for number in range(3)]
    sent: list[bool] = []
    known = running._known

    def watched(wanted: Model) -> tuple[int, Model | None]:
        number, itself = known(wanted)
        sent.append(itself is not None)
        return number, itself

    monkeypatch.setattr(running, "_known", watched)

    judged = [running.understand(said, models[number], Baseline()).model for number in (0, 1, 0, 1, 2, 0)]

    assert judged == ["0", "1", "0", "1", "2", "0"]
    assert sent == [True, True, False, False, True, True]  # the third finds no room, and all are forgotten


def test_what_breaks_it_is_not_understood_and_the_next_is(running: Apart, said: Utterance) -> None:
    with pytest.raises(NotUnderstood, match=r"AttributeError|TypeError"):
        running.understand(replace(said, text=None), model.shipped(), Baseline())

    assert running.understand(said, model.shipped(), Baseline()).voice is not None


def test_a_process_that_dies_is_replaced_but_not_time_and_again(
    running: Apart, said: Utterance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "AGAIN_S", 10 * LIMIT_S)  # whatever its start and first answer take on a busy machine
    running.understand(said, model.shipped(), Baseline())
    first = running.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert gone(first)

    for _ in range(2):  # it is noticed, and then too soon
        with pytest.raises(NotUnderstood):
            running.understand(said, model.shipped(), Baseline())
        assert running.pid is None

    monkeypatch.setattr(apart, "AGAIN_S", 0.0)
    assert running.understand(said, model.shipped(), Baseline()).model == "default"
    assert running.pid not in (None, first)


def test_a_process_that_hangs_is_replaced(running: Apart, said: Utterance, monkeypatch: pytest.MonkeyPatch) -> None:
    running.understand(said, model.shipped(), Baseline())
    first = running.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    monkeypatch.setattr(apart, "ANSWER_S", 0.1)
    monkeypatch.setattr(apart, "STOP_S", 0.1)

    with pytest.raises(NotUnderstood):
        running.understand(said, model.shipped(), Baseline())

    assert gone(first)


def test_a_process_that_takes_nothing_is_replaced(said: Utterance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "ANSWER_S", 1.0)
    monkeypatch.setattr(apart, "STOP_S", 0.1)
    process = Apart()
    process.start()
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)

    with pytest.raises(NotUnderstood):
        process.understand(said, model.shipped(), Baseline())

    assert gone(first)
    process.stop()


def test_it_works_only_while_nobody_else_needs_the_processor(running: Apart, said: Utterance) -> None:
    running.understand(said, model.shipped(), Baseline())
    assert running.pid is not None
    assert os.sched_getscheduler(running.pid) == os.SCHED_IDLE or os.getpriority(os.PRIO_PROCESS, running.pid) == 19


def test_it_ends_with_us_however_we_end() -> None:
    script = (
        "import time; from dialer.understanding.apart import Apart; a = Apart(); a.start(); "
        "print(a.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as ours:
        assert ours.stdout is not None
        child = int(ours.stdout.readline())
        ours.kill()
    assert gone(child)


def test_once_stopped_it_does_not_begin_again(running: Apart, said: Utterance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "AGAIN_S", 0.0)
    running.stop()
    running.stop()

    with pytest.raises(NotUnderstood):
        running.understand(said, model.shipped(), Baseline())

    assert running.pid is None
