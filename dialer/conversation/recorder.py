"""Recordings: person left, agent right, each where it was really heard; written by one thread of the process."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dialer import log
from dialer.audio.mulaw import SAMPLE_RATE_HZ, SILENCE
from dialer.audio.wav import WavFile

logger = log.get(__name__)

BATCH: Final = SAMPLE_RATE_HZ
"""Samples that go to disk at a time; as many stay behind, for what is sent ahead can still be taken back."""
ROUND_S: Final = 0.02
"""Between two rounds of the writer: one that woke for each second of each call would take the interpreter from the
media loop some hundred times a second, and one that wrote them all at once would take the processor from it."""
DRIFT_S: Final = 0.2
"""When frames are missing for so long the person's channel is filled with silence up to now."""


@dataclass(slots=True)
class _Work:
    path: Path
    left: bytes = b""
    right: bytes = b""
    closed: Future[str] | None = None


@dataclass(slots=True)
class Track:
    """One call's two channels since its stream began. Lives on the loop and never waits for the disk."""

    path: Path
    _writer: Writer
    _began_s: float = 0.0
    _person_s: float = 0.0  # up to when the person's channel is filled
    _flushed: int = 0  # samples that went to disk
    _left: bytearray = field(default_factory=bytearray)
    _right: bytearray = field(default_factory=bytearray)

    def begin(self, now: float) -> None:
        """The stream began."""
        self._began_s = self._person_s = now

    def person(self, audio: bytes, now: float) -> None:
        """The person's audio arrived, its end at `now`."""
        left = self._left
        self._person_s += len(audio) / SAMPLE_RATE_HZ
        if now - self._person_s > DRIFT_S:
            left += SILENCE * round((now - self._person_s) * SAMPLE_RATE_HZ)
            self._person_s = now
        left += audio
        if len(left) >= 2 * BATCH:
            self._flush(BATCH)

    def agent(self, frame: bytes, at_s: float) -> None:
        """A frame of the agent will be heard from `at_s` on."""
        at = max(self._at(at_s), 0)
        if len(self._right) < at:
            self._right += SILENCE * (at - len(self._right))
        self._right[at : at + len(frame)] = frame

    def agent_cut(self, at_s: float) -> None:
        """Nothing sent so far will be heard after `at_s`."""
        del self._right[max(self._at(at_s), 0) :]

    def close(self) -> Future[str]:
        """Write the rest; the future gives the file's name, or "" if it could not be written."""
        self._flush(max(len(self._left), len(self._right)))
        closed: Future[str] = Future()
        self._writer.put(_Work(self.path, closed=closed))
        return closed

    def _at(self, time_s: float) -> int:
        return round((time_s - self._began_s) * SAMPLE_RATE_HZ) - self._flushed

    def _flush(self, samples: int) -> None:
        left, right = bytes(self._left[:samples]), bytes(self._right[:samples])
        del self._left[:samples]
        del self._right[:samples]
        self._flushed += samples
        self._writer.put(_Work(self.path, left.ljust(samples, SILENCE), right.ljust(samples, SILENCE)))


class Writer:
    """The thread that writes all recordings of the process, in rounds."""

    def __init__(self, folder: Path, *, round_s: float = ROUND_S) -> None:
        self._folder = folder
        self._round_s = round_s
        self._work: deque[_Work] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._files: dict[Path, WavFile | None] = {}
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def track(self, call_id: str, epoch: int) -> Track:
        """Begin a recording."""
        return Track(self._folder / f"{call_id}-{epoch}.wav", self)

    def put(self, work: _Work) -> None:
        """Hand work to the thread. Only the end of a recording wakes it: somebody waits for that."""
        self._work.append(work)
        if work.closed is not None:
            self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Write what is waiting, and stop."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            self._wake.wait(self._round_s)
            self._wake.clear()
            stopping = self._stopping  # read before the work: what was put before the stop is written
            while self._work:
                self._try(self._work.popleft())

    def _try(self, work: _Work) -> None:
        try:
            self._do(work)
        except Exception as error:  # a full disk ends the recording, not the call, and nothing ends the others'
            logger.error("recording failed", error=str(error), file=work.path.name)
            file = self._files.pop(work.path, None)
            if file is not None:
                file.abandon()
            if work.closed is None:
                self._files[work.path] = None
            _answer(work, "")

    def _do(self, work: _Work) -> None:
        if work.path not in self._files:
            self._files[work.path] = WavFile(work.path)
        file = self._files[work.path]
        if work.closed is None:
            if file is not None:
                file.append(work.left, work.right)
            return
        del self._files[work.path]
        _answer(work, file.close().name if file is not None else "")


def _answer(work: _Work, name: str) -> None:
    if work.closed is not None and work.closed.set_running_or_notify_cancel():
        work.closed.set_result(name)
