"""Voice activity in two steps: a cheap detector on every frame, a neural one where the cheap one fires.

webrtcvad costs 2 to 3 µs a frame but takes noise for speech (88 % of frames right at 5 dB SNR); Silero is right on 94 %
at fifty times the cost alone, which batching over all calls of the process brings down to about 13 µs a window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import threadpoolctl
import webrtcvad

from dialer.audio import mulaw
from dialer.audio.silero import CONTEXT, SAMPLES, STATE, WINDOW, Silero

CHEAP_MODE: Final = 2
SPEECH: Final = 0.5  # probability at which speech begins
ROOM: Final = 64 * WINDOW
"""Samples of a call that wait for a late run of the batch: 2 s. After a stall all calls' bursts are judged together;
one by one they would cost ten times as much, and a process that has fallen behind would never catch up."""
ROW: Final = CONTEXT + ROOM
AT_ONCE: Final = 64  # calls that are judged at once: more would hold up their sound
STILL_SPEECH: Final = 0.35  # and below which it is over
HANGOVER_S: Final = 0.3  # how long the neural step listens on after the cheap one last fired
SURE_S: Final = 0.1  # so soon after speech the neural step looks on, whatever the cheap one thinks
TAIL_S: Final = 0.15  # for so long a detector may hear the last sound of speech that is over
GAP_S: Final = 0.25  # pauses shorter than this are inside a word or between two
_EMPTY: Final = mulaw.SILENCE[0]


class Ear(Protocol):
    """What the turn-taking knows of a person's voice. Times are the loop's, in seconds."""

    voiced_since_s: float
    """When the present stretch of speech began; 0.0 while nobody speaks."""
    began_s: float
    """When the last one began, which may be over; 0.0 before any."""
    last_voice_s: float
    """The end of the last speech seen; 0.0 before any."""
    heard_until_s: float
    """Up to when it knows whether there was speech; audio that is late, or was not looked at yet, comes after."""
    alert: bool
    """Whether it has heard something that may prove to be speech."""
    on_voice: Callable[[], None]
    """Called where speech was found after `feed`, not in it."""

    def feed(self, frame: bytes, now: float) -> None:
        """Take 20 ms of mu-law, 160 bytes, that came at `now`; it may be told a little later."""
        ...

    def close(self) -> None:
        """Give the place in the batch back."""
        ...


def _nothing() -> None:
    pass


class Edges:
    """Turns single decisions into stretches of speech."""

    __slots__ = ("alert", "began_s", "heard_until_s", "last_voice_s", "on_voice", "voiced_since_s")

    def __init__(self) -> None:
        self.voiced_since_s = 0.0
        self.began_s = 0.0
        self.last_voice_s = 0.0
        self.heard_until_s = 0.0
        self.alert = False
        self.on_voice: Callable[[], None] = _nothing

    def voice(self, began_s: float, now: float) -> None:
        """Speech from `began_s` to `now`."""
        if self.voiced_since_s == 0.0:
            self.voiced_since_s = self.began_s = began_s
        self.last_voice_s = self.heard_until_s = now

    def quiet(self, now: float) -> None:
        """No speech at `now`; a stretch ends after `GAP_S` of it."""
        self.heard_until_s = now
        if self.voiced_since_s and now - self.last_voice_s >= GAP_S:
            self.voiced_since_s = 0.0


class CheapEar(Edges):
    """webrtcvad alone: where the neural model is not to be had."""

    def __init__(self) -> None:
        super().__init__()
        self._cheap = webrtcvad.Vad(CHEAP_MODE)

    def feed(self, frame: bytes, now: float) -> None:
        """Take 20 ms of mu-law, 160 bytes."""
        if frame != mulaw.SILENT_FRAME and self._cheap.is_speech(mulaw.decode(frame), mulaw.SAMPLE_RATE_HZ):
            self.voice(now - mulaw.FRAME_MS / 1000, now)
        else:
            self.quiet(now)

    def close(self) -> None:
        """Nothing to give back."""


class BatchedEar(Edges):
    """One call's ear on the shared batch: the cheap step decides whether the neural one needs to look."""

    __slots__ = ("_batch", "_cheap", "_fired_s", "_slot")

    def __init__(self, batch: SileroBatch) -> None:
        super().__init__()
        self._cheap = webrtcvad.Vad(CHEAP_MODE)
        self._batch = batch
        self._slot = batch.take(self)
        self._fired_s = -1e9

    def feed(self, frame: bytes, now: float) -> None:
        """Take 20 ms of mu-law, 160 bytes. What the model makes of it comes with the next run of the batch."""
        if (self.voiced_since_s and now - self.last_voice_s < SURE_S) or self._fires(frame):
            self._fired_s = now
        elif now - self._fired_s > HANGOVER_S:
            self.alert = False
            if self._slot not in self._batch.ready:
                self.quiet(now)
            return
        if not self.alert:
            self.alert = True
            self._batch.begin(self._slot)
        self._batch.feed(self._slot, frame, now)

    def _fires(self, frame: bytes) -> bool:
        """Whether the cheap step takes a frame for speech."""
        if frame == mulaw.SILENT_FRAME:
            return False
        spoken: bool = self._cheap.is_speech(mulaw.decode(frame), mulaw.SAMPLE_RATE_HZ)
        return spoken

    def judged(self, probability: float, heard_s: float) -> None:
        """Take the model's opinion of the window that ended at `heard_s`."""
        if probability >= (STILL_SPEECH if self.voiced_since_s else SPEECH):
            self.voice(heard_s - WINDOW / mulaw.SAMPLE_RATE_HZ, heard_s)
            self._batch.voiced.append(self)
        else:
            self.quiet(heard_s)

    def close(self) -> None:
        """Give the place in the batch back."""
        self._batch.give_back(self._slot)


class SileroBatch:
    """Silero over all calls of the process: in each tick one run over the calls that have a full window."""

    def __init__(self, places: int = 256) -> None:
        threadpoolctl.threadpool_limits(1, user_api="blas")  # a pool for such small matrices spins more than it works
        self._model = Silero()
        self._state = np.zeros((2, 0, STATE), np.float32)
        self._heard = np.zeros((0, ROW), np.uint8)
        """Each place's mu-law; a batch of them is decoded at once."""
        self._filled: list[int] = []
        self._heard_s: list[float] = []
        self._ears: list[BatchedEar | None] = []
        self._free: list[int] = []
        self.ready: set[int] = set()
        """The places with a window that was not judged yet."""
        self.voiced: list[BatchedEar] = []
        """Who has heard a voice since the last tick."""
        self._grow(places)

    def take(self, ear: BatchedEar) -> int:
        """Find a place for one more call."""
        if not self._free:
            self._grow(len(self._ears) or 64)
        slot = self._free.pop()
        self._ears[slot] = ear
        self.forget(slot)
        return slot

    def give_back(self, slot: int) -> None:
        """Free a place. More than once is an error."""
        self._ears[slot] = None
        self.forget(slot)
        self._free.append(slot)

    def begin(self, slot: int) -> None:
        """Start a place afresh behind a pause. What waits from before it, in a burst after a stall, is judged first."""
        if slot in self.ready:
            self.run()
        self.forget(slot)

    def forget(self, slot: int) -> None:
        """Start a place afresh, as at the beginning of a stream."""
        self._state[:, slot] = 0.0
        self._heard[slot] = _EMPTY
        self._filled[slot] = 0
        self.ready.discard(slot)

    def feed(self, slot: int, frame: bytes, now: float) -> None:
        """Add 20 ms of mu-law to a place."""
        filled = self._filled[slot]
        if filled + mulaw.FRAME_BYTES > ROOM:  # nobody has run the batch for so long
            self.run()
            filled = self._filled[slot]
        at = slot * ROW + CONTEXT + filled
        self._bytes[at : at + mulaw.FRAME_BYTES] = frame
        self._filled[slot] = filled + mulaw.FRAME_BYTES
        self._heard_s[slot] = now
        if filled + mulaw.FRAME_BYTES >= WINDOW:
            self.ready.add(slot)

    def tick(self) -> None:
        """Judge a window of each place that has one, and tell whoever has heard a voice.

        Of two that come together the second waits for the next tick, for a run costs as much as ten windows; whoever
        has fallen further behind catches up at once.
        """
        self._judge_all(list(self.ready))
        self.run(least=2 * WINDOW)
        voiced, self.voiced = self.voiced, []
        for ear in voiced:
            ear.on_voice()

    def run(self, least: int = WINDOW) -> None:
        """Judge every full window of the places where at least so many samples wait."""
        while ready := [slot for slot in self.ready if self._filled[slot] >= least]:
            self._judge_all(ready)

    def _judge_all(self, slots: list[int]) -> None:
        for first in range(0, len(slots), AT_ONCE):
            self._judge(slots[first : first + AT_ONCE])
        self.ready.difference_update([slot for slot in slots if self._filled[slot] < WINDOW])

    def _judge(self, slots: list[int]) -> None:
        samples = mulaw.FLOAT.take(self._heard[slots, :SAMPLES])
        probabilities, self._state[:, slots] = self._model.judge(samples, self._state[:, slots])
        rests = [self._filled[slot] - WINDOW for slot in slots]
        kept = CONTEXT + max(rests)  # samples that stay, of the call that has most: all are moved to the front at once
        self._heard[slots, :kept] = self._heard[slots, WINDOW : WINDOW + kept]
        for slot, rest, probability in zip(slots, rests, probabilities.tolist(), strict=True):
            self._filled[slot] = rest
            ear = self._ears[slot]
            if ear is not None:
                ear.judged(probability, self._heard_s[slot] - rest / mulaw.SAMPLE_RATE_HZ)

    def _grow(self, more: int) -> None:
        before = len(self._ears)
        self._state = np.concatenate([self._state, np.zeros((2, more, STATE), np.float32)], axis=1)
        self._heard = np.concatenate([self._heard, np.full((more, ROW), _EMPTY, np.uint8)])
        self._bytes = self._heard.data.cast("B")  # a frame is copied through it in a tenth of numpy's time
        self._filled += [0] * more
        self._heard_s += [0.0] * more
        self._ears += [None] * more
        self._free += range(before, before + more)
