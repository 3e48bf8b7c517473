"""Who has the utterances of all calls of a process understood, beside the media loop.

An utterance is worth understanding while the conversation is still there: what cannot be begun in time is dropped and
counted, so that a process under load loses notes and never speech.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from dialer import log
from dialer.understanding.analysis import Understanding, Utterance
from dialer.understanding.apart import Apart, NotUnderstood
from dialer.understanding.model import Model
from dialer.understanding.voice import Baseline

LATE_S: Final = 0.3
"""An utterance that has waited so long is dropped: the next answer was begun without it."""
MOST_WAITING: Final = 128
STOP_S: Final = 2.0

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    said: Utterance
    model: Model
    baseline: Baseline
    done: Callable[[Understanding], None]
    since_s: float = field(default_factory=time.monotonic)


class Analyst:
    """Has utterances understood one after the other: a thread that mostly waits for another process."""

    def __init__(self) -> None:
        self._apart = Apart()
        self._work: queue.Queue[_Work | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="understanding", daemon=True)
        self.understood = 0
        self.dropped = 0
        """Utterances that found the queue full, waited too long, or could not be understood."""

    def start(self) -> None:
        """Start the process and the thread."""
        try:
            self._apart.start()
        except OSError as error:  # calls go on without it, and it is tried again
            logger.error("no process to understand in", error=str(error))
        self._thread.start()

    def submit(self, said: Utterance, model: Model, baseline: Baseline, done: Callable[[Understanding], None]) -> bool:
        """Put an utterance in line. Never blocks.

        Args:
            said: the utterance.
            model: what judges it.
            baseline: the person's usual voice; from now on it belongs to the thread.
            done: called in the thread with what was found. It must not block.

        Returns:
            False if the line is full: the utterance is dropped.
        """
        try:
            self._work.put_nowait(_Work(said, model, baseline, done))
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def stop(self) -> None:
        """End after the utterance that is being understood; those in line are dropped."""
        if not self._thread.is_alive():
            return
        while True:
            try:
                self._work.put_nowait(None)
                break
            except queue.Full:
                self._take()
        self._thread.join(STOP_S)
        self._apart.stop()

    def _take(self) -> None:
        try:
            self._work.get_nowait()
        except queue.Empty:
            return
        self.dropped += 1

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            if time.monotonic() - work.since_s > LATE_S:
                self.dropped += 1
                continue
            try:
                found = self._apart.understand(work.said, work.model, work.baseline)
                work.done(replace(found, took_ms=round((time.monotonic() - work.since_s) * 1000, 1)))
                self.understood += 1
            except NotUnderstood as error:
                self.dropped += 1
                logger.warning("utterance not understood", error=str(error))
            except Exception:  # whatever comes of it, the next utterance is to be understood
                self.dropped += 1
                logger.exception("understanding not taken")
