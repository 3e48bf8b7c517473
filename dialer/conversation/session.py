"""One live conversation on its stream. Runs on the media loop: no database, nothing that blocks.

Frames are handled where they arrive; what is said to them is the dialogue's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Protocol

from dialer import log
from dialer.audio.mulaw import FRAME_BYTES, SILENT_FRAME
from dialer.audio.vad import Ear
from dialer.conversation.dialogue import Dialogue
from dialer.conversation.facts import Briefing, EndReason, Hand, HandedIn
from dialer.conversation.floor import CALM_FRAMES
from dialer.conversation.lines import FixedLines
from dialer.conversation.persons_audio import PersonsAudio
from dialer.conversation.playout import Line, Played
from dialer.conversation.ticker import Ticker
from dialer.conversation.timings import Opening
from dialer.conversation.vendors import Crew
from dialer.conversation.weakly import weakly
from dialer.understanding.analyst import Analyst

logger = log.get(__name__)

SILENT_TICKS: Final = 100
"""Without a single frame in 2 s the stream is broken, for carriers send silence too. Counted in ticks, so that a stall
of our own is not taken for the carrier's."""
FRAME_DUE_S: Final = 0.03
"""While frames come they are the clock: a call is looked at as they arrive. The process's timer steps in where none has
come for so long, and the ear where it has found a voice while the agent speaks, which may have to stop."""
RECORDED_FRAMES: Final = 10
"""So many go to the recording at a time."""
MOST_HELD_BACK: Final = 100
"""So many frames of a burst are looked at together at the most: what hears them keeps seconds and no more."""
APART_S: Final = 0.1
"""Frames that come so late are recorded apart from those before them: a gap stays where it was."""
START_S: Final = 5.0
"""A socket must say within this time which stream it is."""
RECORDING_WAIT_S: Final = 2.0


class Wire(Line, Protocol):
    """The stream, as the conversation uses it."""

    def close(self) -> None:
        """Close the socket. More than once is no error."""
        ...


class Track(Played, Protocol):
    """The recording of both sides, each where it was really heard. Never waits."""

    def begin(self, now: float) -> None:
        """The stream began."""
        ...

    def person(self, audio: bytes, now: float) -> None:
        """The person's audio arrived, its end at `now`."""
        ...

    def close(self) -> Future[str]:
        """Write the rest; the future gives the file's name, or "" if there is none."""
        ...


class Session:
    """One call from its stream's begin to its end."""

    def __init__(
        self,
        briefing: Briefing,
        hand: Hand,
        *,
        crew: Crew,
        lines: FixedLines,
        ear: Ear,
        track: Track,
        ticker: Ticker,
        on_over: Callable[[], None],
        opening: Opening | None = None,
        analyst: Analyst | None = None,
    ) -> None:
        self.briefing = briefing
        self._hand = hand
        self._ear = ear
        ear.on_voice = weakly(self._voiced)
        self._track = track
        self._ticker = ticker
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._audio = PersonsAudio()
        self._dialogue = Dialogue(
            briefing,
            hand,
            self._audio,
            crew=crew,
            lines=lines,
            ear=ear,
            played=track,
            opening=opening or Opening(),
            on_news=weakly(self._look_soon),
            analyst=analyst,
        )
        self._closing = self._dialogue.closing
        self._wire: Wire | None = None
        self._fragment = b""
        self._silent_since = self._silent_ticks = 0
        """How many frames had come when they stopped, and how many ticks ago that was noticed."""
        self._on = False
        """Whether audio is taken: from the stream's begin until somebody says that the call is over."""
        self._began_s = 0.0
        self._recorded = 0
        """Frames that the recording has got."""
        self._held_back = False
        """Whether frames came that are looked at with those that came with them."""
        self._due = self._sound_due = 0
        """So many frames must have come until they are looked at; and so many, where the last is no digital silence."""

    # What arrives

    def started(self, stream_id: str, wire: Wire) -> None:
        """The stream is up: speak."""
        if self._closing.over.done():
            wire.close()
            return
        now = self._loop.time()
        self._wire = wire
        self._began_s = now
        self._track.begin(now)
        self._dialogue.begin(stream_id, wire, now)
        self._ticker.add(self)
        self._on = True

    def audio(self, mulaw: bytes, *, more: bool = False) -> None:
        """The person's audio: usually 20 ms. If there is more already, all of it is looked at together."""
        if len(mulaw) == FRAME_BYTES and not self._fragment:
            self._frame(mulaw, more)
            return
        data = self._fragment + mulaw
        whole = len(data) - len(data) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            self._frame(data[at : at + FRAME_BYTES], more or at + FRAME_BYTES < whole)
        self._fragment = data[whole:]

    def pressed(self, digit: str) -> None:
        """A key was pressed."""
        self._dialogue.pressed(digit)

    def marked(self, name: str) -> None:
        """A mark came back."""
        self._dialogue.marked(name)

    def stopped(self) -> None:
        """The carrier says that the call is over."""
        self._closing.finish(EndReason.PERSON)

    def disconnected(self) -> None:
        """The socket is gone. If the carrier had not said why, another seat may go on with the call."""
        self._closing.finish(EndReason.LOST)

    def abandon(self) -> None:
        """This seat has lost the call: be silent at once."""
        self._dialogue.abandon()

    def machine(self, verdict: str) -> None:
        """The carrier's own detection says who answered: Twilio's `AnsweredBy`."""
        self._dialogue.machine(verdict)

    def _frame(self, frame: bytes, more: bool) -> None:  # noqa: FBT001 - 50 times a second of each call
        if not self._on:
            return
        now, audio = self._loop.time(), self._audio
        if now - audio.heard_s > APART_S:
            self._record()
        audio.add(frame, now)
        if more and audio.count < self._due + MOST_HELD_BACK:
            if frame != SILENT_FRAME:
                self._due = min(self._due, audio.count)
            if not self._held_back:  # what follows may be no audio
                self._held_back = True
                self._loop.call_soon(self._look_held_back)
            return
        self._held_back = False
        if audio.count >= self._due or (audio.count >= self._sound_due and frame != SILENT_FRAME):
            self._look(now)
        elif self._ear.voiced_since_s:
            self._follow(now)

    def tick(self, now: float) -> None:
        """Stand in for frames that do not come."""
        if now - self._audio.heard_s < FRAME_DUE_S:
            return
        if self._audio.count != self._silent_since:
            self._silent_since, self._silent_ticks = self._audio.count, 0
        self._silent_ticks += 1
        if self._silent_ticks >= SILENT_TICKS:
            logger.warning("stream silent", call_id=self.briefing.call_id)
            self._closing.finish(EndReason.LOST)
            return
        self._look(now)

    def _voiced(self) -> None:
        """A voice was found: the agent may have to stop, and does not wait for the next frame."""
        if self._dialogue.speaking.active:
            self._look_now()

    def _look_soon(self) -> None:
        self._loop.call_soon(self._look_now)

    def _look_now(self) -> None:
        if self._on:
            self._look(self._loop.time())

    def _record(self) -> None:
        count = self._audio.count
        if count > self._recorded:
            self._track.person(self._audio.between(self._recorded, count), self._audio.heard_s)
            self._recorded = count

    def _look_held_back(self) -> None:
        if self._held_back:
            self._held_back = False
            self._look_now()

    def _follow(self, now: float) -> None:
        """Let ear and recognizer have a frame at once, for somebody speaks. What is due waits, unless they pause."""
        try:
            pauses = self._dialogue.follow(now)
        except Exception as error:
            self._dialogue.failed(error)
            return
        if pauses:
            self._look(now)

    def _look(self, now: float) -> None:
        """Hear what has come, and do what is due: pacing, turn-taking, deadlines."""
        if self._closing.over.done():
            return
        count = self._audio.count
        self._due = self._sound_due = count + CALM_FRAMES
        try:
            if count - self._recorded >= RECORDED_FRAMES:
                self._record()
            self._dialogue.hear(now)
            self._due = count + self._dialogue.take_turns(now)
            if self._ear.voiced_since_s:
                self._sound_due = self._due
            else:
                self._sound_due = min(self._due, self._sound_due)
        except Exception as error:  # a call that is not ticked any more would never end
            self._dialogue.failed(error)

    # The life of the call

    async def run(self) -> None:
        """Hold the conversation and hand in what is known of it, whatever happens."""
        reason = EndReason.LOST
        unstarted = self._loop.call_later(START_S, self._not_started)
        try:
            reason = await self._closing.over
        finally:
            unstarted.cancel()
            try:
                await self._wind_up(reason)
            except Exception:
                logger.exception("winding up failed", call_id=self.briefing.call_id)
            recording = await self._recording()
            await self._hand.tell(
                HandedIn(
                    reason=self._dialogue.reason(reason),
                    recording=recording,
                    talk_s=round(self._closing.ended_s - self._began_s, 2) if self._began_s else 0.0,
                    counters={"frames_in": self._audio.count, **self._dialogue.counters()},
                )
            )
            self._on_over()

    def _not_started(self) -> None:
        if self._wire is None:
            self._closing.finish(EndReason.LOST)

    async def _wind_up(self, reason: EndReason) -> None:
        self._on = False
        self._ticker.remove(self)
        try:
            self._dialogue.fall_silent()
            if self._wire is not None:
                self._wire.close()
            await self._dialogue.hear_out(reason)
        finally:
            self._ear.close()

    async def _recording(self) -> str:
        try:
            self._record()
            async with asyncio.timeout(RECORDING_WAIT_S):
                return await asyncio.wrap_future(self._track.close())
        except Exception as error:  # late or broken: what is known of the call is handed in without it
            logger.error("no recording", call_id=self.briefing.call_id, error=repr(error))
            return ""
