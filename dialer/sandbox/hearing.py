"""Recognition in the sandbox: knows what the sandbox's own voices say, and only from the audio that arrives.

An ear looks for a piece that the registry knows in a stream, at any byte, then follows the utterance for as long as
the stream agrees with it, and reports a word once its audio is through. Audio that was lost, held up, repeated or
reordered disagrees; the words it belongs to come out wrong or not at all. Speech that nobody here spoke is noticed,
and timed.
"""

from __future__ import annotations

import numpy as np

from dialer.audio import mulaw
from dialer.sandbox.heard import EarEvent, SpeechStarted, Tally, UnknownSpeech
from dialer.sandbox.passage import Passage
from dialer.sandbox.registry import PIECE_BYTES, Registry
from dialer.sandbox.voices import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE

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

_GIVEN_UP_BYTES = 2400
"""300 ms after its audio broke off, an utterance is over."""
_BEFORE_BYTES = 3 * FRAME_BYTES
"""How far back to look for the soft beginning of what is only recognized by its first loud frame."""
_ONSET_FRAMES = 2
_PAUSE_FRAMES = 15
_UNKNOWN_FRAMES = 10
"""Less sound than 200 ms that nobody knows is a noise and no speech."""
_UNKNOWN_AT_MOST_FRAMES = 500


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
        self._passages: list[Passage] = []
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
        quiet = frame == mulaw.SILENT_FRAME or len(frame.translate(None, _QUIET_BYTES)) <= _LOUD_BYTES_OF_QUIET
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
        for i in range(max(_BEFORE_BYTES - PIECE_BYTES + 1, floor), len(text) - PIECE_BYTES + 1):
            places = find(text[i : i + PIECE_BYTES])
            if not places:
                continue
            fitting = [(u, where) for u, where in places if _fits(text[i:], u.mulaw, where)]
            if fitting:
                back = max(_common_suffix(text[floor:i], u.mulaw, where) for u, where in fitting)
                self._join({id(u): Passage(u, where - back) for u, where in fitting}, text[i - back :], at)
                return True
        return False

    def _join(self, found: dict[int, Passage], audio: bytes, at: int) -> None:
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

    def _advance(self, passages: list[Passage], count: int, at: int) -> None:
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
