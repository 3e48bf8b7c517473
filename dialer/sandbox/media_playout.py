"""The carrier's play-out buffer: audio that the application sent and the person has yet to hear."""

from __future__ import annotations

from collections import deque

from dialer.sandbox.media_ticker import FRAME_BYTES, SILENCE


class Playout:
    """Mu-law bytes in, 20 ms frames out, with marks that come back once what was before them has been played."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._played = 0
        self._marks: deque[tuple[int, str]] = deque()

    @property
    def empty(self) -> bool:
        """Whether everything has been played."""
        return not self._audio

    def add(self, mulaw: bytes) -> None:
        """Append audio of any length."""
        self._audio += mulaw

    def mark(self, name: str) -> None:
        """Ask for `name` back once all audio so far has been played."""
        self._marks.append((self._played + len(self._audio), name))

    def clear(self) -> list[str]:
        """Drop the audio. Returns the names of the pending marks, which Twilio sends back at once."""
        self._played += len(self._audio)
        self._audio.clear()
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names

    def next_frame(self) -> tuple[bytes, list[str]]:
        """Play 20 ms: always 160 bytes, silence where nothing was sent, and the marks that were passed."""
        frame = bytes(self._audio[:FRAME_BYTES])
        del self._audio[:FRAME_BYTES]
        self._played += len(frame)
        names = []
        while self._marks and self._marks[0][0] <= self._played:
            names.append(self._marks.popleft()[1])
        return frame + SILENCE[len(frame) :] if len(frame) < FRAME_BYTES else frame, names
