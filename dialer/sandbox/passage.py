"""An utterance as it comes through a stream: which of its words arrived whole, broken, or not at all."""

from __future__ import annotations

from dialer.sandbox.garbling import garbled
from dialer.sandbox.heard import WordHeard
from dialer.sandbox.voices import SAMPLE_RATE_HZ, Utterance

_FAULTY_SHARE = 0.05
"""Share of a word that may be missing or out of place before it is misheard."""
_HEARD_SHARE = 0.5
"""Share of a word that must be there for it to be misheard rather than missed."""


class Passage:
    """One utterance as it is being heard: how far it has come, and how well its present word arrived."""

    __slots__ = ("_began", "_credited", "_ended", "_faults", "_front", "_index", "heard", "position", "utterance")

    def __init__(self, utterance: Utterance, position: int) -> None:
        self.utterance = utterance
        self.position = position
        self.heard: list[WordHeard] = []
        self._front = position
        self._index = 0
        self._credited = 0
        self._faults = 0
        self._began = 0
        self._ended = 0
        """Where in the stream the present word's audio began, and how far it has come."""

    @property
    def in_word(self) -> bool:
        """Whether the present position is inside a word."""
        words = self.utterance.words
        return self._index < len(words) and words[self._index].start < self._front < words[self._index].end

    def advance(self, count: int, at: int) -> None:
        """The next `count` bytes arrived; `at` is where in the stream the first of them is."""
        start, end = self.position, self.position + count
        self.position = end
        if start < self._front and self.in_word:
            self._faults += min(end, self._front) - start
        words = self.utterance.words
        while self._index < len(words) and words[self._index].start < end:
            word = words[self._index]
            fresh = max(start, word.start, self._front)
            until = min(end, word.end)
            if until > fresh:
                if self._credited == 0:
                    self._began = at + fresh - start
                self._credited += until - fresh
                self._ended = at + until - start
            if end < word.end:
                break
            self._finish_word()
        self._front = max(self._front, end)

    def disturb(self, count: int) -> None:
        """`count` bytes arrived that do not belong here."""
        if self.in_word:
            self._faults += count

    def close(self) -> None:
        """No more will come: settle the word that was being heard."""
        if self._credited:
            self._finish_word()

    def _finish_word(self) -> None:
        word = self.utterance.words[self._index]
        length = word.end - word.start
        faults = length - self._credited + self._faults
        span = self._began / SAMPLE_RATE_HZ, self._ended / SAMPLE_RATE_HZ
        if faults <= length * _FAULTY_SHARE:
            self.heard.append(WordHeard(word.text, *span))
        elif self._credited >= length * _HEARD_SHARE:
            self.heard.append(WordHeard(garbled(word.text), *span, is_whole=False))
        self._index += 1
        self._credited = 0
        self._faults = 0
