"""What the fake recognizer makes of a call's audio, whoever carries it there: results by digital silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bench import delays
from dialer.audio import mulaw


@dataclass(frozen=True, slots=True)
class Result:
    """Words, and the seconds of audio that they are about."""

    words: str
    final: bool
    started_s: float
    ended_s: float


class Recognizing:
    """One call's audio."""

    def __init__(self, on_started: Callable[[float], None], on_result: Callable[[Result], None]) -> None:
        """Begin with silence.

        Args:
            on_started: called as speech is heard, with the seconds of audio before it.
            on_result: called with words.
        """
        self._loop = asyncio.get_running_loop()
        self._on_started = on_started
        self._on_result = on_result
        self._bytes = 0
        self._spoken_frames = 0
        self._began_byte = 0
        self._last_speech_s = 0.0
        self._final: asyncio.TimerHandle | None = None

    def hear(self, audio: bytes) -> None:
        """Take mu-law of whole frames."""
        if not self._spoken_frames and audio.count(mulaw.SILENCE) == len(audio):
            self._bytes += len(audio)
            return
        for at in range(0, len(audio), mulaw.FRAME_BYTES):
            self._hear(audio[at : at + mulaw.FRAME_BYTES])

    def stop(self) -> None:
        """Say no more."""
        if self._final is not None:
            self._final.cancel()

    def _hear(self, frame: bytes) -> None:
        self._bytes += len(frame)
        if frame != mulaw.SILENT_FRAME[: len(frame)]:
            self._last_speech_s = self._loop.time()
            self._spoken_frames += 1
            spoken_ms = self._spoken_frames * mulaw.FRAME_MS
            if self._final is not None:
                self._final.cancel()
                self._final = None
            if spoken_ms == mulaw.FRAME_MS:
                self._began_byte = self._bytes
            if spoken_ms == delays.STARTED_MS:
                self._on_started(self._began_byte / mulaw.SAMPLE_RATE_HZ)
            if spoken_ms % delays.INTERIM_MS == 0:
                words = delays.HEARD.split()[: spoken_ms // delays.INTERIM_MS]
                self._tell(" ".join(words), final=False)
        elif self._spoken_frames and self._final is None:
            due = self._last_speech_s + delays.STT_FINAL_MS / 1000
            self._final = self._loop.call_at(due, self._finish)

    def _finish(self) -> None:
        self._final = None
        self._tell(delays.HEARD, final=True)
        self._spoken_frames = 0

    def _tell(self, words: str, *, final: bool) -> None:
        rate = mulaw.SAMPLE_RATE_HZ
        self._on_result(Result(words, final, self._began_byte / rate, round(self._bytes / rate, 3)))
