"""What came from the person on one call, kept once for all who read it: recognizer, recording, understanding."""

from __future__ import annotations

from typing import Final

from dialer.audio.mulaw import FRAME_BYTES

KEPT_FRAMES: Final = 500
"""10 s: what a recognizer can still be told after another one broke. Some 100 kB a call."""
SPARE_FRAMES: Final = 100
"""More than are kept before the oldest are dropped, all of them at once."""
_MOST_BYTES: Final = (KEPT_FRAMES + SPARE_FRAMES) * FRAME_BYTES


class PersonsAudio:
    """Frames of 20 ms mu-law, numbered from 0 as they come. Times are the loop's, in seconds."""

    __slots__ = ("_dropped", "_kept", "count", "heard_s")

    def __init__(self) -> None:
        self._kept = bytearray()
        """In one piece: the garbage collection looks at each object of a list, and 600 of each call are many."""
        self._dropped = 0
        self.count = 0
        """Frames so far: the number of the next one."""
        self.heard_s = 0.0
        """When the last one came; 0.0 before any."""

    def add(self, frame: bytes, now: float) -> None:
        """Take 20 ms, 160 bytes."""
        self.heard_s = now
        self.count += 1
        kept = self._kept
        kept += frame
        if len(kept) > _MOST_BYTES:
            del kept[: SPARE_FRAMES * FRAME_BYTES]
            self._dropped += SPARE_FRAMES

    def between(self, first: int, end: int) -> bytes:
        """Return the frames from number `first` up to, not including, number `end`, as far as they are kept."""
        dropped = self._dropped
        return bytes(self._kept[max(first - dropped, 0) * FRAME_BYTES : max(end - dropped, 0) * FRAME_BYTES])
