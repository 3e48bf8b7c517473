"""What came from the person on one call, kept once for all who read it: recognizer, recording, understanding."""

from __future__ import annotations

from typing import Final

KEPT_FRAMES: Final = 500
"""10 s: what a recognizer can still be told after another one broke. Some 100 kB a call."""
SPARE_FRAMES: Final = 100
"""More than are kept before the oldest are dropped, all of them at once."""


class PersonsAudio:
    """Frames of 20 ms mu-law, numbered from 0 as they come. Times are the loop's, in seconds."""

    __slots__ = ("_dropped", "_frames", "count", "heard_s")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._dropped = 0
        self.count = 0
        """Frames so far: the number of the next one."""
        self.heard_s = 0.0
        """When the last one came; 0.0 before any."""

    def add(self, frame: bytes, now: float) -> None:
        """Take 20 ms, 160 bytes."""
        self.heard_s = now
        self.count += 1
        frames = self._frames
        frames.append(frame)
        if len(frames) > KEPT_FRAMES + SPARE_FRAMES:
            del frames[:SPARE_FRAMES]
            self._dropped += SPARE_FRAMES

    def frames(self, first: int) -> list[bytes]:
        """Return the frames from number `first` on, as far as they are kept."""
        return self._frames[max(first - self._dropped, 0) :]

    def between(self, first: int, end: int) -> bytes:
        """Return the frames from number `first` up to, not including, number `end`, as far as they are kept."""
        return b"".join(self._frames[max(first - self._dropped, 0) : max(end - self._dropped, 0)])
