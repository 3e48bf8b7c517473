"""Understanding in a process of its own: beside the media loop's, another thread would hold up the sound of all calls.

`python -m dialer.understanding.apart FD` is that process. It answers one request after the other over the socket that
it inherits, and ends when the other end is closed, however that comes about.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

from dialer import log
from dialer.understanding import analysis
from dialer.understanding.analysis import Understanding, Utterance
from dialer.understanding.model import Model
from dialer.understanding.voice import Baseline

ANSWER_S: Final = 10.0
"""An answer takes milliseconds of a processor that has nothing else to do, the first one a second; a process that is
silent for so long is replaced."""
AGAIN_S: Final = 5.0
"""So long after it was started a process that is lost is not replaced yet."""
MOST_MODELS: Final = 16
"""Models that it keeps, 1.8 MB each, before it forgets them all."""
STOP_S: Final = 2.0

logger = log.get(__name__)


class NotUnderstood(Exception):
    """An utterance was too much for the process, or there is none at the moment."""


class Apart:
    """Our end. For one thread, but for `start` before and `stop` after it."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._started_s = 0.0
        self._over = False
        self._models: list[Model] = []
        """Those that the process has, at their number."""

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return self._child.pid if self._child is not None else None

    def start(self) -> Connection:
        """Start the process, which needs a second of a core until it answers. Returns the way to it.

        Raises:
            OSError: the system has no room for it.
        """
        self._started_s = time.monotonic()
        line, theirs = Pipe()
        self._line = line
        with socket.socket(fileno=os.dup(line.fileno())) as wire:  # a model is more than fits on the way there
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(ANSWER_S), 0))
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        return line

    def understand(self, said: Utterance, model: Model, baseline: Baseline) -> Understanding:
        """Understand an utterance as `analysis.understand` does; its voice becomes part of the person's usual one.

        Raises:
            NotUnderstood: something is wrong with it, or there is no process now; soon there may be one again.
        """
        try:
            line = self._line or self._again()
            line.send((said, self._known(model), baseline))
            if not line.poll(ANSWER_S):
                raise TimeoutError(f"no answer within {ANSWER_S} s")
            answer: Understanding | str = line.recv()
        except NotUnderstood:
            raise
        except Exception as error:  # whatever it is, neither side knows any more what the other has
            self._lose()
            raise NotUnderstood(f"the process is lost: {error!r}") from error
        if isinstance(answer, str):
            raise NotUnderstood(answer)
        baseline.learn(answer.voice)
        return answer

    def stop(self) -> None:
        """End the process for good. More than once is no error."""
        self._over = True
        self._lose()

    def _lose(self) -> None:
        line, child = self._line, self._child
        self._line = self._child = None
        self._models.clear()
        if line is not None:
            line.close()
        if child is None:
            return
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _again(self) -> Connection:
        if self._over or time.monotonic() - self._started_s < AGAIN_S:
            raise NotUnderstood("there is no process, or it was lost just now")
        logger.warning("starting the process that understands again")
        return self.start()

    def _known(self, model: Model) -> tuple[int, Model | None]:
        """A model's number, and itself if the process has it not."""
        for number, known in enumerate(self._models):
            if known is model:
                return number, None
        if len(self._models) >= MOST_MODELS:
            self._models.clear()
        self._models.append(model)
        return len(self._models) - 1, model


def serve(line: Connection) -> None:
    """Answer requests until the other end is closed."""
    models: list[Model] = []
    while True:
        try:
            said, (number, model), baseline = line.recv()
        except (EOFError, OSError):
            return
        if model is not None:
            models[number:] = [model]
        try:
            answer: Understanding | str = analysis.understand(said, models[number], baseline)
        except Exception as error:  # whatever somebody said, the next utterance is to be understood
            logger.exception("utterance not understood")
            answer = type(error).__name__
        try:
            line.send(answer)
        except OSError:
            return


def yield_to_sound() -> None:
    """Work only while the worker does not need the processor. A low priority is not enough: its turns are too long."""
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError:  # a container may forbid it
        os.nice(19)


if __name__ == "__main__":
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # of the terminal's whole session; the worker goes on to its calls' end
    log.configure("understanding")
    with Connection(int(sys.argv[1])) as ours:
        analysis.warm()
        yield_to_sound()
        serve(ours)
