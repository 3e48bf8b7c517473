"""Recognition in the sandbox: knows what the sandbox's own voices say, and only from the audio that arrives.

A registry remembers short pieces of every utterance. An ear looks for such a piece in a stream, at any byte, then
follows the utterance for as long as the stream agrees with it, and reports a word once its audio is through. Audio
that was lost, held up, repeated or reordered disagrees; the words it belongs to come out wrong or not at all. Speech
that nobody here spoke is noticed, and timed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from dialer.audio import mulaw
from dialer.sandbox.garbling import garbled
from dialer.sandbox.voices import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE, Utterance

_PIECE_BYTES = 24
"""Long enough to be unlike any other piece: even the trace of noise under a pause has two bits a sample."""
_PIECE_VALUES = 4
"""Different byte values that a piece must have to be remembered; pure silence and tones have fewer, or repeat."""
_PLACES_PER_PIECE = 8
_REMEMBERED_UTTERANCES = 1500
"""About 100 kB each: for three seconds, 24 kB of audio and 150 pieces."""

_QUIET_AMPLITUDE = 256
_QUIET_BYTES = bytes(
    int(code)
    for code in np.flatnonzero(
        np.abs(np.frombuffer(mulaw.decode(bytes(range(256))), dtype="<i2").astype(int)) <= _QUIET_AMPLITUDE
    )
)
_LOUD_BYTES_OF_QUIET = 8
_TONE_VALUES = 12
"""A frame of a pure tone repeats a few byte values; 20 ms of speech have dozens."""
_SILENT_FRAME = SILENCE * FRAME_BYTES

_FAULTY_SHARE = 0.05
"""Share of a word that may be missing or out of place before it is misheard."""
_HEARD_SHARE = 0.5
"""Share of a word that must be there for it to be misheard rather than missed."""
_GIVEN_UP_BYTES = 2400
"""300 ms after its audio broke off, an utterance is over."""
_BEFORE_BYTES = 3 * FRAME_BYTES
"""How far back to look for the soft beginning of what is only recognized by its first loud frame."""
_ONSET_FRAMES = 2
_PAUSE_FRAMES = 15
_UNKNOWN_FRAMES = 10
"""Less sound than 200 ms that nobody knows is a noise and no speech."""
_UNKNOWN_AT_MOST_FRAMES = 500


@dataclass(frozen=True, slots=True)
class WordHeard:
    """A word, right or misheard. Seconds since the stream began."""

    text: str
    start_s: float
    end_s: float
    is_whole: bool = True
    """Whether all of it arrived."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak after a pause. Seconds since the stream began."""

    at_s: float


@dataclass(frozen=True, slots=True)
class UnknownSpeech:
    """Speech that none of our voices made, over now. Seconds since the stream began."""

    start_s: float
    end_s: float

    @property
    def text(self) -> str:
        """How it is transcribed."""
        return f"[speech {self.end_s - self.start_s:.1f} seconds]"


EarEvent = WordHeard | SpeechStarted | UnknownSpeech


@dataclass(slots=True)
class Tally:
    """What an ear has heard: words of which all arrived, words of which a part did, and stretches of unknown speech."""

    words: int = 0
    broken_words: int = 0
    unknown: int = 0

    def add(self, event: EarEvent) -> None:
        """Count something heard."""
        if isinstance(event, UnknownSpeech):
            self.unknown += 1
        elif isinstance(event, WordHeard):
            self.words += event.is_whole
            self.broken_words += not event.is_whole


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
    pieces = ((audio[at : at + _PIECE_BYTES], at) for at in range(0, len(audio) - _PIECE_BYTES + 1, FRAME_BYTES))
    return [(piece, at) for piece, at in pieces if len(set(piece)) >= _PIECE_VALUES]


class _Passage:
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


class Ear:
    """Listens to one stream of mu-law. One per direction of a call; not for several threads."""

    def __init__(self, registry: Registry) -> None:
        self.tally = Tally()
        self._registry = registry
        self._events: list[EarEvent] = []
        self._rest = b""
        self._before = SILENCE * _BEFORE_BYTES
        self._frames = 0
        self._quiet_frames = 0
        self._loud_run = 0
        self._speaking = False
        self._passages: list[_Passage] = []
        """All utterances that what was heard could still be part of; more than one only where they sound alike."""
        self._broken = False
        """Whether the stream has left the passages, and they wait for it to come back."""
        self._taken = 0
        """Where in the stream the last byte that belonged to a passage ended."""
        self._told = 0
        self._unknown_from = 0
        self._unknown_until = 0
        self._unknown_frames = 0

    @property
    def heard_s(self) -> float:
        """Length of the stream so far."""
        return self._frames * FRAME_BYTES / SAMPLE_RATE_HZ

    @property
    def silent_ms(self) -> int:
        """How long nobody has spoken."""
        return self._quiet_frames * FRAME_BYTES * 1000 // SAMPLE_RATE_HZ

    def feed(self, audio: bytes) -> list[EarEvent]:
        """Listen to the next bytes, of any number; what is short of 20 ms waits for the next call."""
        stream = self._rest + audio
        whole = len(stream) - len(stream) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            self._listen(stream[at : at + FRAME_BYTES])
        self._rest = stream[whole:]
        return self._hand_over()

    def finish(self) -> list[EarEvent]:
        """The stream is over: report what was still open."""
        if self._rest:
            self._listen(self._rest + SILENCE * (FRAME_BYTES - len(self._rest)))
            self._rest = b""
        self._close_passages()
        self._close_unknown()
        return self._hand_over()

    def _hand_over(self) -> list[EarEvent]:
        events, self._events = self._events, []
        for event in events:
            self.tally.add(event)
        return events

    def _listen(self, frame: bytes) -> None:
        at = self._frames * FRAME_BYTES
        self._frames += 1
        quiet = frame == _SILENT_FRAME or len(frame.translate(None, _QUIET_BYTES)) <= _LOUD_BYTES_OF_QUIET
        known = False
        if self._passages and not self._broken:
            known = self._follow(frame, at)
        if not known and not quiet:
            known = self._seek(frame, at)
        if self._broken and at + FRAME_BYTES - self._taken >= _GIVEN_UP_BYTES:
            self._close_passages()
        if quiet or not (known or not _is_tone(frame)):
            self._note_quiet(at)
        else:
            self._note_sound(at, known)
        self._before = self._before[FRAME_BYTES:] + frame

    def _note_quiet(self, at: int) -> None:
        self._loud_run = 0
        if self._passages and not self._broken and self._passages[0].in_word:
            return
        self._quiet_frames += 1
        if self._quiet_frames >= _PAUSE_FRAMES:
            self._speaking = False
        if self._unknown_frames and at - self._unknown_until >= _PAUSE_FRAMES * FRAME_BYTES:
            self._close_unknown()

    def _note_sound(self, at: int, known: bool) -> None:
        self._quiet_frames = 0
        self._loud_run += 1
        if not self._speaking and self._loud_run >= _ONSET_FRAMES:
            self._speaking = True
            self._events.append(SpeechStarted((at - (_ONSET_FRAMES - 1) * FRAME_BYTES) / SAMPLE_RATE_HZ))
        if not known:
            if not self._unknown_frames:
                self._unknown_from = at
            self._unknown_frames += 1
            self._unknown_until = at + FRAME_BYTES
            if self._unknown_until - self._unknown_from >= _UNKNOWN_AT_MOST_FRAMES * FRAME_BYTES:
                self._close_unknown()

    def _follow(self, frame: bytes, at: int) -> bool:
        """Go along with the passages that `frame` continues; return whether they took all of it."""
        going_on = [p for p in self._passages if p.utterance.mulaw.startswith(frame, p.position)]
        if going_on:
            count = FRAME_BYTES
        else:
            shared = [_common_prefix(frame, p.utterance.mulaw, p.position) for p in self._passages]
            count = max(shared)
            going_on = [p for p, own in zip(self._passages, shared, strict=True) if own == count]
        self._advance(going_on, count, at)
        self._broken = count < FRAME_BYTES and bool(self._passages)
        return count == FRAME_BYTES

    def _seek(self, frame: bytes, at: int) -> bool:
        """Look for a known utterance in what was just heard, and go along with it; return whether there is one."""
        text = self._before + frame
        floor = max(self._taken - at + _BEFORE_BYTES, 0)
        find = self._registry.find
        for i in range(max(_BEFORE_BYTES - _PIECE_BYTES + 1, floor), len(text) - _PIECE_BYTES + 1):
            places = find(text[i : i + _PIECE_BYTES])
            if not places:
                continue
            fitting = [(u, where) for u, where in places if _fits(text[i:], u.mulaw, where)]
            if fitting:
                back = max(_common_suffix(text[floor:i], u.mulaw, where) for u, where in fitting)
                self._join({id(u): _Passage(u, where - back) for u, where in fitting}, text[i - back :], at)
                return True
        return False

    def _join(self, found: dict[int, _Passage], audio: bytes, at: int) -> None:
        """Go along with what was found: `audio` is the stream from its first byte to the end of the frame at `at`."""
        begin = at + FRAME_BYTES - len(audio)
        back_again = [p for p in self._passages if id(p.utterance) in found]
        for passage in back_again:
            passage.disturb(begin - self._taken)
            passage.position = found[id(passage.utterance)].position
        if not back_again:
            self._close_passages()
            self._passages = list(found.values())
        self._broken = False
        self._close_unknown()
        self._advance(back_again or self._passages, len(audio), begin)

    def _advance(self, passages: list[_Passage], count: int, at: int) -> None:
        """Go `count` bytes along, from byte `at` of the stream, and end with the first utterance that ends."""
        self._passages = passages
        if count:
            for passage in passages:
                passage.advance(min(count, len(passage.utterance.mulaw) - passage.position), at)
            self._taken = at + count
            self._tell()
        over = [p for p in passages if p.position >= len(p.utterance.mulaw)]
        if over:
            self._passages = over
            self._close_passages()

    def _tell(self) -> None:
        """Report the words that all passages agree on."""
        heard = self._passages[0].heard
        sure = len(heard)
        for other in self._passages[1:]:
            both = zip(heard[:sure], other.heard, strict=False)
            sure = next((n for n, (a, b) in enumerate(both) if a.text != b.text), min(sure, len(other.heard)))
        self._events.extend(heard[self._told : sure])
        self._told = max(self._told, sure)

    def _close_passages(self) -> None:
        if self._passages:
            self._passages[0].close()
            self._events.extend(self._passages[0].heard[self._told :])
        self._passages = []
        self._told = 0
        self._broken = False

    def _close_unknown(self) -> None:
        if self._unknown_frames >= _UNKNOWN_FRAMES:
            span = self._unknown_from / SAMPLE_RATE_HZ, self._unknown_until / SAMPLE_RATE_HZ
            self._events.append(UnknownSpeech(*span))
        self._unknown_frames = 0


def _is_tone(frame: bytes) -> bool:
    return len(set(frame)) <= _TONE_VALUES


def _fits(heard: bytes, audio: bytes, where: int) -> bool:
    """Whether `heard` is what follows in `audio` from `where`, as far as either goes."""
    return audio.startswith(heard[: len(audio) - where], where)


def _common_prefix(heard: bytes, audio: bytes, where: int) -> int:
    """How many bytes of `heard` agree with `audio` from `where` on."""
    expected = audio[where : where + len(heard)]
    return next((n for n, (a, b) in enumerate(zip(heard, expected, strict=False)) if a != b), len(expected))


def _common_suffix(heard: bytes, audio: bytes, where: int) -> int:
    """How many of the last bytes of `heard` agree with `audio` before `where`."""
    most = min(len(heard), where)
    return next((n for n in range(most) if heard[-1 - n] != audio[where - 1 - n]), most)
