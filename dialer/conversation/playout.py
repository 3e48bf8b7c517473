"""What the agent says goes out here: paced, marked, and taken back when the person speaks.

Only so much is sent ahead that the carrier never runs dry; every `MARK_MS` a mark follows, and the marks that come back
tell what was heard. After a `clear` the carrier returns the marks that waited at once, so marks sent before it prove
nothing any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

from dialer.audio.mulaw import BYTES_PER_MS, FRAME_BYTES, FRAME_MS, SILENCE
from dialer.conversation.spoken import Fragment

MARK_MS: Final = 200
"""Between marks, about one spoken word, and sent at a time: a message to the carrier costs the same for one frame as
for ten."""
LEAST_AHEAD_MS: Final = 280
"""When less is on its way more is sent: a look that is 200 ms away, and four late ticks."""
LEAD_MS: Final = LEAST_AHEAD_MS + MARK_MS
"""Sent ahead of real time: what a barge-in must throw away, at most."""
MARK_GRACE_S: Final = 2.0
"""A last mark that is this late will not come; the sentence is taken as over, but not as proven."""
CHARACTERS_PER_S: Final = 15.0
"""English speech, used for where a word lies in a sentence whose audio is not complete yet."""


class Line(Protocol):
    """The way to the person."""

    def audio(self, frame: bytes) -> None:
        """Send mu-law to be played after what was sent before."""
        ...

    def mark(self, name: str) -> None:
        """Ask to be told when everything so far was played."""
        ...

    def clear(self) -> None:
        """Throw away what was not played yet."""
        ...


class Played(Protocol):
    """Who records what is really heard, when."""

    def agent(self, frame: bytes, at_s: float) -> None:
        """A frame will be heard from `at_s` on."""
        ...

    def agent_cut(self, at_s: float) -> None:
        """Nothing sent so far will be heard after `at_s`."""
        ...


class Audio:
    """Speech that may still be growing while it is played; fixed lines share one."""

    __slots__ = ("data", "done", "failed", "taken")

    def __init__(self, data: bytes = b"", *, done: bool = False) -> None:
        self.data = bytearray(data)
        self.done = done
        self.failed = False
        self.taken = 0
        """How much of it was sent to whoever got most of it."""

    def add(self, piece: bytes | Fragment) -> None:
        """Append what a voice made; or take the piece of a word that will be said again back, if nobody got it yet."""
        if isinstance(piece, Fragment):
            del self.data[max(len(self.data) - piece.bytes, self.taken) :]
        else:
            self.data += piece


class Segment:
    """A sentence, and how far it was sent and heard (bytes)."""

    __slots__ = ("audio", "heard", "sent", "text")

    def __init__(self, text: str, audio: Audio) -> None:
        self.text = text
        self.audio = audio
        self.sent = 0
        self.heard = 0

    @property
    def over(self) -> bool:
        """Whether all of it was sent."""
        return self.audio.done and self.sent >= len(self.audio.data)

    def words_heard(self) -> str:
        """The words that were heard to their end, as far as marks tell."""
        if self.heard >= len(self.audio.data) and self.audio.done and not self.audio.failed:
            return self.text if self.heard else ""
        cut = self._characters(self.heard)
        if cut >= len(self.text):
            return self.text
        return self.text[: self.text.rfind(" ", 0, cut + 1) + 1].rstrip() if cut > 0 else ""

    def rewind(self) -> None:
        """Go back to the start of the first word that was not heard to its end."""
        length = len(self.words_heard())
        share = length / len(self.text) if self.text else 0.0
        at = int(share * self._length())
        self.sent = self.heard = min(self.heard, at - at % FRAME_BYTES)

    def _length(self) -> float:
        if self.audio.done:
            return float(len(self.audio.data))
        return max(len(self.audio.data), len(self.text) / CHARACTERS_PER_S * 1000 * BYTES_PER_MS)

    def _characters(self, heard: int) -> int:
        length = self._length()
        return round(heard / length * len(self.text)) if length else 0


class Playout:
    """The agent's mouth on one call. Times are the loop's, in seconds; `pump` is called at every look."""

    def __init__(
        self,
        played: Played,
        on_finished: Callable[[bool, float], None],
        on_sound: Callable[[], object] = lambda: None,
    ) -> None:
        """Begin silent.

        Args:
            played: who records what is heard.
            on_finished: called as (proven, now) once a turn that was closed has been heard to its end; `proven` says
                that its last mark came back without a `clear` of ours.
            on_sound: called when there is sound that should be sent before the next look, which may be far away.
        """
        self._line: Line | None = None
        self._played = played
        self._on_finished = on_finished
        self._on_sound = on_sound
        self._generation = 0
        self._marks: dict[str, tuple[Segment, int]] = {}
        self._mark_number = 0
        self._last_mark = ""
        self._since_mark = 0
        self._plays_until_s = 0.0
        self.segments: list[Segment] = []
        self.held = False
        self.closed = True
        self.first_sent_s = 0.0
        self.frames_sent = 0
        self.underruns = 0

    def connect(self, line: Line) -> None:
        """The stream is up."""
        self._line = line

    @property
    def active(self) -> bool:
        """Whether a turn is open: something is being said or about to be."""
        return not self.closed or bool(self.segments)

    def audible(self, now: float) -> bool:
        """Whether the person hears the agent at this moment."""
        return now < self._plays_until_s

    def remaining_s(self, now: float) -> float:
        """How long the person will hear the open turn yet; infinity while it is still being made."""
        if not self.closed or not all(segment.audio.done for segment in self.segments):
            return math.inf
        unsent = sum(max(len(segment.audio.data) - segment.sent, 0) for segment in self.segments)
        return unsent / BYTES_PER_MS / 1000 + max(self._plays_until_s - now, 0.0)

    def begin(self) -> None:
        """Open a turn; sentences follow."""
        self.segments = []
        self.closed = False
        self.held = False
        self.first_sent_s = 0.0
        self._last_mark = ""
        self._since_mark = 0

    def add(self, text: str, audio: Audio) -> Segment:
        """Append a sentence to the open turn. Its audio may still be growing."""
        segment = Segment(text, audio)
        self.segments.append(segment)
        return segment

    def grown(self) -> None:
        """More of a sentence was made: the first words of a turn are sent as they come."""
        if not self.first_sent_s:
            self._on_sound()

    def close(self) -> None:
        """No more sentences follow."""
        self.closed = True

    def pump(self, now: float) -> None:
        """Send what is due, and notice the end of the turn."""
        if not self.segments or self.held or self._line is None or self._far_ahead(now):
            return
        for segment in self.segments:
            if segment.over:
                continue
            if not self._send(segment, now):
                return
        if self._since_mark:
            self._mark(self._line, self.segments[-1])
        if self.closed:
            self._finish(now)

    def hungry(self, now: float) -> bool:
        """Whether the line may run dry before the next look: what is made of the open turn is to go out as it comes."""
        if self.held or self._far_ahead(now):
            return False
        return not self.closed or not all(segment.over for segment in self.segments)

    def _far_ahead(self, now: float) -> bool:
        """Whether so much is on its way that more can wait."""
        return self._plays_until_s > now + LEAST_AHEAD_MS / 1000

    def _send(self, segment: Segment, now: float) -> bool:
        """Send of one sentence what is due; return whether all of it is out."""
        line, audio = self._line, segment.audio
        assert line is not None
        data = audio.data
        if self._plays_until_s < now and segment.sent < len(data):
            self._plays_until_s = now  # the line ran dry: what follows is heard from now on
        while segment.sent < len(data) and not self._far_ahead(now):
            frames = (MARK_MS - self._since_mark) // FRAME_MS
            chunk = bytes(data[segment.sent : segment.sent + frames * FRAME_BYTES])
            if len(chunk) % FRAME_BYTES:
                if audio.done:
                    chunk = chunk.ljust(-(-len(chunk) // FRAME_BYTES) * FRAME_BYTES, SILENCE)
                elif len(chunk) < FRAME_BYTES:
                    self.underruns += 1
                    break
                else:
                    chunk = chunk[: len(chunk) - len(chunk) % FRAME_BYTES]
            self._put(segment, chunk, now)
            if self._since_mark >= MARK_MS or segment.over:
                self._mark(line, segment)
        return segment.over

    def _put(self, segment: Segment, chunk: bytes, now: float) -> None:
        """Send whole frames."""
        assert self._line is not None
        if not self.first_sent_s:
            self.first_sent_s = now
        self._line.audio(chunk)
        self._played.agent(chunk, self._plays_until_s)
        frames = len(chunk) // FRAME_BYTES
        self.frames_sent += frames
        segment.sent += len(chunk)
        segment.audio.taken = max(segment.audio.taken, segment.sent)
        self._plays_until_s += frames * FRAME_MS / 1000
        self._since_mark += frames * FRAME_MS

    def _mark(self, line: Line, segment: Segment) -> None:
        self._since_mark = 0
        self._mark_number += 1
        self._last_mark = f"{self._generation}.{self._mark_number}"
        self._marks[self._last_mark] = (segment, segment.sent)
        line.mark(self._last_mark)

    def _finish(self, now: float) -> None:
        if self._last_mark and now < self._plays_until_s + MARK_GRACE_S:
            return
        proven = not self._last_mark and all(0 < segment.sent <= segment.heard for segment in self.segments)
        if not proven:
            for segment in self.segments:
                segment.heard = segment.sent
        self._on_finished(proven, now)

    def marked(self, name: str, now: float) -> None:
        """A mark came back."""
        found = self._marks.pop(name, None)
        if found is None:
            return  # sent before a clear: no proof of anything
        last, heard = found
        for segment in self.segments:
            if segment is last:
                segment.heard = max(segment.heard, heard)
                break
            segment.heard = segment.sent
        if name == self._last_mark:
            self._last_mark = ""
            if self.closed and not self._since_mark and all(segment.over for segment in self.segments):
                self._finish(now)  # else the end was sent before it was known to be the end, and has no mark yet

    def hold(self, now: float) -> None:
        """Fall silent at once, ready to go on from the last word heard."""
        self._clear(now)
        self.held = True
        for segment in self.segments:
            if segment.heard < segment.sent:
                segment.rewind()

    def go_on(self) -> None:
        """Take up again what `hold` stopped."""
        self.held = False

    def stop(self, now: float) -> str:
        """Fall silent and forget the turn.

        Returns:
            What was heard of it.
        """
        self._clear(now)
        heard = self.heard_text()
        self.end()
        return heard

    def end(self) -> None:
        """Forget the turn."""
        self.segments = []
        self._marks.clear()
        self._last_mark = ""
        self.closed = True
        self.held = False

    def heard_text(self) -> str:
        """What was heard of the turn, as far as marks tell."""
        return " ".join(words for segment in self.segments if (words := segment.words_heard()))

    def _clear(self, now: float) -> None:
        if self._line is not None and now < self._plays_until_s:
            self._line.clear()
            self._played.agent_cut(now)
        self._plays_until_s = now
        self._generation += 1
        self._marks.clear()
        self._last_mark = ""
        self._since_mark = 0
