"""What the sandbox's voices said lately, remembered by short pieces of its audio, so that it can be told again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from dialer.sandbox.voices import FRAME_BYTES, Utterance

PIECE_BYTES = 24
"""Long enough to be unlike any other piece: even the trace of noise under a pause has two bits a sample."""
_PIECE_VALUES = 4
"""Different byte values that a piece must have to be remembered; pure silence and tones have fewer, or repeat."""
_PLACES_PER_PIECE = 8
_REMEMBERED_UTTERANCES = 1500
"""About 100 kB each: for three seconds, 24 kB of audio and 150 pieces."""


class Registry:
    """What was spoken lately, by pieces of its audio. Any thread may add; finding needs no lock."""

    def __init__(self, limit: int = _REMEMBERED_UTTERANCES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Utterance] = OrderedDict()
        self._places: dict[bytes, tuple[tuple[Utterance, int], ...]] = {}

    def add(self, utterance: Utterance) -> None:
        """Learn an utterance, and forget the one longest unused if there are too many. Again is no error."""
        with self._lock:
            if utterance.mulaw in self._known:
                self._known.move_to_end(utterance.mulaw)
                return
            self._known[utterance.mulaw] = utterance
            for piece, at in _pieces(utterance):
                others = self._places.get(piece, ())
                self._places[piece] = ((utterance, at), *others)[:_PLACES_PER_PIECE]
            if len(self._known) > self._limit:
                self._forget(self._known.popitem(last=False)[1])

    def find(self, piece: bytes) -> tuple[tuple[Utterance, int], ...]:
        """Every (utterance, byte offset) where `piece` was spoken, newest first."""
        return self._places.get(piece, ())

    def _forget(self, utterance: Utterance) -> None:
        for piece, _ in _pieces(utterance):
            left = tuple(place for place in self._places.get(piece, ()) if place[0] is not utterance)
            if left:
                self._places[piece] = left
            else:
                self._places.pop(piece, None)


def _pieces(utterance: Utterance) -> list[tuple[bytes, int]]:
    audio = utterance.mulaw
    pieces = ((audio[at : at + PIECE_BYTES], at) for at in range(0, len(audio) - PIECE_BYTES + 1, FRAME_BYTES))
    return [(piece, at) for piece, at in pieces if len(set(piece)) >= _PIECE_VALUES]
