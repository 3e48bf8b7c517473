"""One live conversation. Runs on the media loop: no database, nothing that blocks.

Frames are handled where they arrive; whatever takes time (an answer, a farewell) is one task, the *activity*, of which
there is at most one. What the person does can cancel it. Every fact goes to the seat's thread through the hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, Final, Protocol

from dialer import log
from dialer.agents.definition import AgentDefinition
from dialer.audio.mulaw import FRAME_BYTES
from dialer.audio.tones import Signal
from dialer.audio.vad import Ear
from dialer.conversation import machine, masking, optout, prompt, tools
from dialer.conversation.activity import Activity
from dialer.conversation.answerer import Answerer, Asked, carriers
from dialer.conversation.answering import Answering
from dialer.conversation.closing import Closing
from dialer.conversation.endpointing import Endpointer
from dialer.conversation.facts import (
    Briefing,
    EndReason,
    Hand,
    HandedIn,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Speaker,
    StreamStarted,
)
from dialer.conversation.floor import Floor
from dialer.conversation.lines import FixedLines
from dialer.conversation.listening import Listening
from dialer.conversation.machine import Verdict
from dialer.conversation.patience import Nudge
from dialer.conversation.playout import Line
from dialer.conversation.recorder import Track
from dialer.conversation.speaking import Speaking
from dialer.conversation.ticker import Ticker
from dialer.conversation.timings import Opening
from dialer.conversation.transcript import Transcript
from dialer.conversation.vendors import Crew
from dialer.errors import DialerError
from dialer.speech.base import Heard

logger = log.get(__name__)

SILENT_TICKS: Final = 100
"""Without a single frame in 2 s the stream is broken, for carriers send silence too. Counted in ticks, so that a stall
of our own is not taken for the carrier's."""
START_S: Final = 5.0
"""A socket must say within this time which stream it is."""
RECORDING_WAIT_S: Final = 2.0
WHO_IS_THIS_S: Final = 4.0
"""What the person says this early is answered by the opener itself: "Hello, who is this?"."""
OPT_OUT_DIGIT: Final = "9"
_HELLO: Final = frozenset(
    {"hello", "hi", "hey", "yes", "yeah", "hello hello", "good morning", "good afternoon", "speaking"}
)


class Wire(Line, Protocol):
    """The stream, as the conversation uses it."""

    def close(self) -> None:
        """Close the socket. More than once is no error."""
        ...


class Mode(Enum):
    """Where the conversation stands."""

    OPENING = "opening"
    TALKING = "talking"
    AWAITING_BEEP = "awaiting beep"
    SCREENED = "screened"
    """A screener listens; it is told who calls, and may fetch the person."""
    CLOSING = "closing"


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
    ) -> None:
        self.briefing = briefing
        self._hand = hand
        self._agent = AgentDefinition.model_validate(dict(briefing.agent))
        self._ear = ear
        self._track = track
        self._ticker = ticker
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = None
        system = prompt.system(self._agent, briefing)
        self._transcript = Transcript.begin(briefing, hand, system, self.abandon)
        self._opening = opening or Opening()
        self._speaking = Speaking(
            self._agent,
            briefing.lead,
            crew=crew,
            lines=lines,
            played=track,
            transcript=self._transcript,
            opening=self._opening,
            on_said=self._said,
        )
        self._playout = self._speaking.playout
        self._listening = Listening(
            crew, language=self._agent.language, hints=_hints(self._agent, briefing), on_heard=self._on_heard
        )
        self._answering = Answering(
            crew,
            self._speaking.mouth,
            self._transcript,
            tools.specs(self._agent),
            tools.Tools(self._agent, hand, briefing.epoch).use,
        )
        self._mode = Mode.OPENING
        self._answerer = Answerer()
        self._owes_answer = False
        self._activity = Activity(self._failed)
        self._closing = Closing(self._agent, hand, self._speaking, self._begin_closing)
        self._floor = Floor(
            self._agent.turntaking,
            ear=ear,
            listening=self._listening,
            speaking=self._speaking,
            activity=self._activity,
        )
        self._fragment = b""
        self._silent_ticks = 0
        self._began_s = 0.0
        self._frames_in = 0

    # What arrives

    def started(self, stream_id: str, wire: Wire) -> None:
        """The stream is up: speak."""
        now = self._loop.time()
        self._wire = wire
        self._began_s = self._transcript.began_s = self._opening.began_s = now
        self._floor.noise(now)
        self._track.begin(now)
        self._playout.connect(wire)
        self._transcript.post(StreamStarted(stream_id))
        self._listening.start()
        self._open()
        self._ticker.add(self)

    def audio(self, mulaw: bytes) -> None:
        """The person's audio: usually 20 ms."""
        if len(mulaw) == FRAME_BYTES and not self._fragment:
            self._frame(mulaw)
            return
        data = self._fragment + mulaw
        whole = len(data) - len(data) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            self._frame(data[at : at + FRAME_BYTES])
        self._fragment = data[whole:]

    def pressed(self, digit: str) -> None:
        """A key was pressed."""
        if digit == OPT_OUT_DIGIT and self._closing.planned is not EndReason.OPT_OUT:
            now = self._loop.time()
            self._transcript.person(digit, started_s=now, ended_s=now, kind="digits")
            self._start(self._closing.opt_out("digit", digit))

    def marked(self, name: str) -> None:
        """A mark came back."""
        self._playout.marked(name, self._loop.time())

    def stopped(self) -> None:
        """The carrier says that the call is over."""
        self._closing.finish(EndReason.PERSON)

    def disconnected(self) -> None:
        """The socket is gone. If the carrier had not said why, another seat may go on with the call."""
        self._closing.finish(EndReason.LOST)

    def abandon(self) -> None:
        """This seat has lost the call: be silent at once."""
        self._closing.abandon()

    def machine(self, verdict: str) -> None:
        """The carrier's own detection says who answered: Twilio's `AnsweredBy`."""
        found = carriers(verdict)
        if found is None or self._mode is Mode.CLOSING or self._transcript.person_turns >= machine.TURNS:
            return
        self._heard_machine(found, f"carrier: {verdict}")
        if verdict.startswith("machine_end") and self._mode is Mode.AWAITING_BEEP:
            self._start(self._closing.leave_message())

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
                    reason=self._closing.planned or self._seen_as(reason),
                    recording=recording,
                    talk_s=round(self._closing.ended_s - self._began_s, 2) if self._began_s else 0.0,
                    counters=self._count(),
                )
            )
            self._on_over()

    def _seen_as(self, reason: EndReason) -> EndReason:
        """A screener that hangs up is no person."""
        return EndReason.SCREENED if reason is EndReason.PERSON and self._mode is Mode.SCREENED else reason

    def _not_started(self) -> None:
        if self._wire is None:
            self._closing.finish(EndReason.LOST)

    async def _wind_up(self, reason: EndReason) -> None:
        now = self._loop.time()
        self._ticker.remove(self)
        self._activity.cancel()
        self._speaking.interrupt(now)
        if self._wire is not None:
            self._wire.close()
        turn = self._floor.turn
        if turn.started_s and reason is not EndReason.LOST and self._mode is not Mode.AWAITING_BEEP:
            await self._listening.last_words()
        if text := masking.mask(turn.text):
            self._store_person_turn(turn, text)
            if self._closing.planned is not EndReason.OPT_OUT and optout.wants_out(text):
                self._closing.planned = EndReason.OPT_OUT
                await self._hand.tell(OptedOut("words", text))
        await self._listening.close()
        self._ear.close()

    async def _recording(self) -> str:
        try:
            async with asyncio.timeout(RECORDING_WAIT_S):
                return await asyncio.wrap_future(self._track.close())
        except TimeoutError:
            return ""

    def _count(self) -> dict[str, float]:
        return {
            "frames_in": self._frames_in,
            "barge_ins": self._floor.barge_ins,
            "false_barge_ins": self._floor.false_barge_ins,
            "turns_discarded": self._floor.turns_discarded,
            "frames_out": self._playout.frames_sent,
            "underruns": self._playout.underruns,
            "tts_characters": self._speaking.mouth.characters,
            "stt_s": self._listening.frames * 0.02,
            "stt_reopened": self._listening.reopened,
            "prompt_tokens": self._answering.prompt_tokens,
            "completion_tokens": self._answering.completion_tokens,
        }

    # 20 ms at a time

    def _frame(self, frame: bytes) -> None:
        now = self._loop.time()
        self._silent_ticks = 0
        self._frames_in += 1
        self._track.person(frame, now)
        self._listening.feed(frame, now)
        self._ear.feed(frame, now)
        if (signal := self._answerer.signal(frame)) is not None:
            self._signalled(signal)

    def _signalled(self, signal: Signal) -> None:
        if signal is Signal.FAX:
            self._heard_machine(Verdict.FAX, signal.value)
            return
        if self._mode is not Mode.AWAITING_BEEP:
            self._heard_machine(Verdict.VOICEMAIL, signal.value)
        if self._mode is Mode.AWAITING_BEEP:
            self._start(self._closing.leave_message())

    def tick(self, now: float) -> None:
        """Do what is due: pacing, turn-taking, deadlines."""
        try:
            self._playout.pump(now)
            if self._floor.take(now, interruptible=self._mode is Mode.TALKING):
                self._person_finished(now)
            self._check_deadlines(now)
        except Exception as error:  # a call that is not ticked any more would never end
            self._failed(error)

    def _check_deadlines(self, now: float) -> None:
        self._silent_ticks += 1
        if self._silent_ticks >= SILENT_TICKS:
            logger.warning("stream silent", call_id=self.briefing.call_id)
            self._closing.finish(EndReason.LOST)
        elif self._mode is Mode.CLOSING:
            return
        elif self._listening.deaf:
            self._start(self._closing.close(EndReason.FAILED, self._agent.trouble))
        elif now - self._began_s >= self._agent.turntaking.max_call_s:
            self._start(self._closing.close(EndReason.TOO_LONG, self._agent.goodbye))
        elif self._mode is Mode.AWAITING_BEEP:
            if not self._activity.busy and self._answerer.greeting_over(now, self._ear):
                self._start(self._closing.leave_message())
        elif self._mode in (Mode.TALKING, Mode.SCREENED):
            if not self._may_be_machine(now):
                self._answerer.is_person()
            self._mind_silence(now)

    def _mind_silence(self, now: float) -> None:
        screened = self._mode is Mode.SCREENED
        nudge = self._floor.nudge(now, screened=screened)
        if nudge is Nudge.PROMPT:
            self._speaking.line("prompt", self._agent.still_there)
        elif nudge is Nudge.GIVE_UP:
            reason = EndReason.SCREENED if screened else EndReason.SILENCE
            self._start(self._closing.close(reason, self._agent.goodbye))

    # Turn-taking

    def _on_heard(self, heard: Heard, delay_s: float) -> None:
        now = self._loop.time()
        if not self._floor.words(heard, now, delay_s) or not heard.is_final:
            return
        words = self._floor.turn.text
        if optout.wants_out(words) and self._mode is not Mode.AWAITING_BEEP:
            return  # waits for the end of the turn: "don't call me ... before five" is another wish
        asked = self._mode in (Mode.OPENING, Mode.TALKING)
        if asked and self._may_be_machine(now) and (verdict := machine.judge(words)) is not None:
            self._heard_machine(verdict, masking.mask(words))

    def _may_be_machine(self, now: float) -> bool:
        age_s, turns = now - self._began_s, self._transcript.person_turns
        return self._mode is not Mode.CLOSING and self._answerer.may_be_machine(age_s, turns)

    def _person_finished(self, now: float) -> None:
        turn = self._floor.finish(now)
        text = masking.mask(turn.text)
        if not text:
            return
        if optout.wants_out(text) and self._mode is not Mode.AWAITING_BEEP:
            self._store_person_turn(turn, text)
            if self._closing.planned is not EndReason.OPT_OUT:
                self._start(self._closing.opt_out("words", text))
            return
        if self._mode is Mode.TALKING and self._floor.agent_has_it and not self._floor.claim(text, now):
            return
        self._store_person_turn(turn, text)
        if self._mode is Mode.OPENING:
            greets = text.lower().strip(" .,!?") in _HELLO
            self._owes_answer |= not greets and turn.ended_s - self._began_s >= WHO_IS_THIS_S
        elif self._mode is Mode.SCREENED:
            self._answer_screener(turn, text)
        elif self._mode is Mode.TALKING:
            self._floor.answered()
            self._answer(turn)

    def _answer_screener(self, turn: Endpointer, text: str) -> None:
        """Say who calls when asked, wait when told to, and talk to whoever comes."""
        match self._answerer.asked(text):
            case Asked.NAME:
                self._speaking.line("screening", self._agent.screening)
            case Asked.NOTHING:
                self._start(self._closing.close(EndReason.SCREENED, ""))
            case Asked.ANSWER:
                self._mode = Mode.TALKING
                self._answer(turn)
            case Asked.PATIENCE:
                pass

    def _store_person_turn(self, turn: Endpointer, text: str) -> None:
        self._transcript.person(text, started_s=turn.started_s, ended_s=turn.ended_s)
        if self._mode is Mode.TALKING and self._answerer.was_screener(text):
            self._mode = Mode.SCREENED

    # Speaking

    def _open(self) -> None:
        last = self.briefing.past[-1] if self.briefing.past else None
        voicemail = self._speaking.text(self._agent.voicemail)
        if any(turn.speaker is Speaker.AGENT and turn.text == voicemail for turn in self.briefing.past) and voicemail:
            self._start(self._closing.close(EndReason.VOICEMAIL, ""))  # it was left by the seat before
        elif not self.briefing.opener_done:
            self._speaking.line("opener", self._agent.opener)
        else:
            self._mode = Mode.TALKING
            self._owes_answer = last is not None and last.speaker is Speaker.PERSON
            self._speaking.line("apology", self._agent.apology)

    def _said(self, kind: str, proven: bool, now: float) -> None:  # noqa: FBT001 - a callback
        """A turn of the agent was heard to its end."""
        self._floor.noise(now)
        self._closing.said(proven=proven)
        if kind == "opener":
            self._opened(now, proven=proven)
        if self._mode is Mode.TALKING and self._owes_answer:
            self._answer(None)

    def _opened(self, now: float, *, proven: bool) -> None:
        if proven:
            self._transcript.post(OpenerCompleted(round(now - self._began_s, 3)))
        if self._mode is not Mode.OPENING:
            return
        self._mode = Mode.TALKING
        if not self._playout.first_sent_s:  # nobody could speak it, and without it there is no call
            self._start(self._closing.close(EndReason.FAILED, self._agent.trouble))

    def _answer(self, turn: Endpointer | None) -> None:
        self._owes_answer = False
        self._speaking.answer(turn)
        self._start(self._reply())

    async def _reply(self) -> None:
        try:
            used = await self._answering.answer(self._speaking.timings)
        except DialerError as error:
            logger.error("no answer", call_id=self.briefing.call_id, error=str(error))
            await self._closing.close(EndReason.FAILED, self._agent.trouble)
            return
        self._playout.close()
        if used.ends is EndReason.LOST:
            self.abandon()
        elif used.ends is EndReason.OPT_OUT:
            await self._closing.opt_out("tool", self._last_words())
        elif used.ends is not None:
            farewell = "" if self._playout.segments else self._agent.goodbye
            if used.ends is EndReason.TRANSFER:
                farewell = ""
            await self._closing.close(used.ends, farewell, transfer_to=used.transfer_to)
        elif not self._playout.segments:
            self._playout.end()

    def _last_words(self) -> str:
        return next((m.text for m in reversed(self._transcript.messages) if m.role == "user"), "")

    # Machines, and the end

    def _begin_closing(self) -> None:
        self._mode = Mode.CLOSING

    def _heard_machine(self, verdict: Verdict, evidence: str) -> None:
        now = self._loop.time()
        if self._mode is Mode.CLOSING or not self._answerer.found(verdict, now):
            return
        self._activity.cancel()
        self._speaking.interrupt(now)
        self._transcript.post(MachineHeard(verdict.value, evidence))
        if verdict is Verdict.FAX:
            self._start(self._closing.close(EndReason.FAX, ""))
        elif verdict is Verdict.SCREENING:
            self._mode = Mode.SCREENED
            self._floor.noise(now)
        else:
            self._mode = Mode.AWAITING_BEEP

    # The activity

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if self._closing.over.done():
            work.close()
        else:
            self._activity.start(work)

    def _failed(self, error: BaseException) -> None:
        logger.error("conversation failed", call_id=self.briefing.call_id, exc_info=error)
        self._closing.fail()


def _hints(agent: AgentDefinition, briefing: Briefing) -> tuple[str, ...]:
    """Words that the person is likely to say."""
    names = (briefing.lead.get(key) for key in ("first_name", "last_name", "company"))
    return (*(str(name) for name in names if name), agent.seller)
