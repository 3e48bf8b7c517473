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
from dialer.audio.tones import Answerphone, Signal
from dialer.audio.vad import Ear
from dialer.conversation import machine, masking, optout, prompt, tools
from dialer.conversation.activity import Activity
from dialer.conversation.answering import Answering
from dialer.conversation.bargein import Move, is_back_channel
from dialer.conversation.endpointing import Endpointer, PersonTurns
from dialer.conversation.facts import (
    Briefing,
    Ending,
    EndReason,
    Hand,
    HandedIn,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Speaker,
    StreamStarted,
)
from dialer.conversation.lines import FixedLines
from dialer.conversation.listening import Listening
from dialer.conversation.machine import Verdict
from dialer.conversation.patience import Nudge, Patience
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
FAREWELL_S: Final = 15.0
"""A farewell that takes longer is not waited for."""
RECORDING_WAIT_S: Final = 2.0
WHO_IS_THIS_S: Final = 4.0
"""What the person says this early is answered by the opener itself: "Hello, who is this?"."""
AFTER_BEEP_S: Final = 0.2
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
        hints = tuple(
            str(briefing.lead[key]) for key in ("first_name", "last_name", "company") if briefing.lead.get(key)
        )
        self._listening = Listening(
            crew, language=self._agent.language, hints=(*hints, self._agent.seller), on_heard=self._on_heard
        )
        self._answering = Answering(
            crew,
            self._speaking.mouth,
            self._transcript,
            tools.specs(self._agent),
            tools.Tools(self._agent, hand, briefing.epoch).use,
        )
        self._mode = Mode.OPENING
        self._person = PersonTurns(self._agent.turntaking)
        self._answerphone: Answerphone | None = Answerphone()
        self._greeting: machine.Greeting | None = None
        self._verdict: Verdict | None = None
        self._introduced = False
        self._owes_answer = False
        self._activity = Activity(self._failed)
        self._said_all: asyncio.Future[bool] | None = None
        self._over: asyncio.Future[EndReason] = self._loop.create_future()
        self._planned: EndReason | None = None
        self._fragment = b""
        self._patience = Patience(self._agent.turntaking)
        self._silent_ticks = 0
        self._began_s = 0.0
        self._ended_s = 0.0
        self._counters = dict.fromkeys(("frames_in", "barge_ins", "false_barge_ins", "turns_discarded"), 0.0)

    # What arrives

    def started(self, stream_id: str, wire: Wire) -> None:
        """The stream is up: speak."""
        now = self._loop.time()
        self._wire = wire
        self._began_s = self._transcript.began_s = self._opening.began_s = now
        self._patience.noise(now)
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
        if digit == OPT_OUT_DIGIT and self._planned is not EndReason.OPT_OUT:
            now = self._loop.time()
            self._transcript.person(digit, started_s=now, ended_s=now, kind="digits")
            self._start(self._opt_out("digit", digit))

    def marked(self, name: str) -> None:
        """A mark came back."""
        self._playout.marked(name, self._loop.time())

    def stopped(self) -> None:
        """The carrier says that the call is over."""
        self._finish(EndReason.PERSON)

    def disconnected(self) -> None:
        """The socket is gone. If the carrier had not said why, another seat may go on with the call."""
        self._finish(EndReason.LOST)

    def abandon(self) -> None:
        """This seat has lost the call: be silent at once."""
        self._playout.stop(self._loop.time())
        self._finish(EndReason.LOST)

    def machine(self, verdict: str) -> None:
        """The carrier's own detection says who answered: Twilio's `AnsweredBy`."""
        if self._mode is Mode.CLOSING or self._transcript.person_turns >= machine.TURNS:
            return
        if verdict == "fax":
            self._heard_machine(Verdict.FAX, f"carrier: {verdict}")
        elif verdict.startswith("machine"):
            self._heard_machine(Verdict.VOICEMAIL, f"carrier: {verdict}")
            if verdict.startswith("machine_end") and self._mode is Mode.AWAITING_BEEP:
                self._start(self._leave_message())

    # The life of the call

    async def run(self) -> None:
        """Hold the conversation and hand in what is known of it, whatever happens."""
        reason = EndReason.LOST
        unstarted = self._loop.call_later(START_S, self._not_started)
        try:
            reason = await self._over
        finally:
            unstarted.cancel()
            try:
                await self._wind_up(reason)
            except Exception:
                logger.exception("winding up failed", call_id=self.briefing.call_id)
            recording = await self._recording()
            await self._hand.tell(
                HandedIn(
                    reason=self._planned or self._seen_as(reason),
                    recording=recording,
                    talk_s=round(self._ended_s - self._began_s, 2) if self._began_s else 0.0,
                    counters=self._count(),
                )
            )
            self._on_over()

    def _seen_as(self, reason: EndReason) -> EndReason:
        """A screener that hangs up is no person."""
        return EndReason.SCREENED if reason is EndReason.PERSON and self._mode is Mode.SCREENED else reason

    def _not_started(self) -> None:
        if self._wire is None:
            self._finish(EndReason.LOST)

    async def _wind_up(self, reason: EndReason) -> None:
        now = self._loop.time()
        self._ticker.remove(self)
        self._activity.cancel()
        self._speaking.interrupt(now)
        if self._wire is not None:
            self._wire.close()
        turn = self._person.turn
        if turn.started_s and reason is not EndReason.LOST and self._mode is not Mode.AWAITING_BEEP:
            await self._listening.last_words()
        if text := masking.mask(turn.text):
            self._store_person_turn(turn, text)
            if self._planned is not EndReason.OPT_OUT and optout.wants_out(text):
                self._planned = EndReason.OPT_OUT
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
        return self._counters | {
            "frames_out": self._playout.frames_sent,
            "underruns": self._playout.underruns,
            "tts_characters": self._speaking.mouth.characters,
            "stt_s": self._listening.frames * 0.02,
            "stt_reopened": self._listening.reopened,
            "prompt_tokens": self._answering.prompt_tokens,
            "completion_tokens": self._answering.completion_tokens,
        }

    def _finish(self, reason: EndReason) -> None:
        if not self._over.done():
            self._ended_s = self._loop.time()
            self._over.set_result(reason)

    # 20 ms at a time

    def _frame(self, frame: bytes) -> None:
        now = self._loop.time()
        self._silent_ticks = 0
        self._counters["frames_in"] += 1
        self._track.person(frame, now)
        self._listening.feed(frame, now)
        self._ear.feed(frame, now)
        if self._answerphone is not None and (signal := self._answerphone.feed(frame)) is not None:
            self._signalled(signal)

    def _signalled(self, signal: Signal) -> None:
        if signal is Signal.FAX:
            self._heard_machine(Verdict.FAX, signal.value)
            return
        if self._mode is not Mode.AWAITING_BEEP:
            self._heard_machine(Verdict.VOICEMAIL, signal.value)
        if self._mode is Mode.AWAITING_BEEP:
            self._start(self._leave_message())

    def tick(self, now: float) -> None:
        """Do what is due: pacing, turn-taking, deadlines."""
        try:
            self._playout.pump(now)
            self._take_turns(now)
            self._check_deadlines(now)
        except Exception as error:  # a call that is not ticked any more would never end
            self._failed(error)

    def _take_turns(self, now: float) -> None:
        ear, turn = self._ear, self._person.turn
        if ear.voiced_since_s and ear.last_voice_s > turn.ended_s:
            turn.voice(ear.voiced_since_s, ear.last_voice_s)
            self._patience.noise(now)
        if self._mode is Mode.TALKING and self._has_floor:
            self._yield_or_not(now)
        turn = self._person.turn
        if turn.started_s:
            if turn.wants_final(now):
                self._listening.finalize()
            deadline = turn.deadline()
            if deadline is not None and now >= deadline:
                self._person_finished(now)

    def _check_deadlines(self, now: float) -> None:
        self._silent_ticks += 1
        if self._silent_ticks >= SILENT_TICKS:
            logger.warning("stream silent", call_id=self.briefing.call_id)
            self._finish(EndReason.LOST)
        elif self._mode is Mode.CLOSING:
            return
        elif self._listening.deaf:
            self._start(self._close(EndReason.FAILED, self._agent.trouble))
        elif now - self._began_s >= self._agent.turntaking.max_call_s:
            self._start(self._close(EndReason.TOO_LONG, self._agent.goodbye))
        elif self._mode is Mode.AWAITING_BEEP:
            assert self._greeting is not None
            voiced, last = bool(self._ear.voiced_since_s), self._ear.last_voice_s
            if not self._activity.busy and self._greeting.over(now, voiced=voiced, last_voice_s=last):
                self._start(self._leave_message())
        elif self._mode in (Mode.TALKING, Mode.SCREENED):
            if self._answerphone is not None and not self._may_be_machine(now):
                self._answerphone = None
            self._mind_silence(now)

    def _mind_silence(self, now: float) -> None:
        if self._has_floor or self._person.turn.started_s:
            self._patience.noise(now)
            return
        screened = self._mode is Mode.SCREENED
        nudge = self._patience.decide(now, screened=screened)
        if nudge is Nudge.PROMPT:
            self._speaking.line("prompt", self._agent.still_there)
        elif nudge is Nudge.GIVE_UP:
            reason = EndReason.SCREENED if screened else EndReason.SILENCE
            self._start(self._close(reason, self._agent.goodbye))

    # Turn-taking

    def _yield_or_not(self, now: float) -> None:
        ear = self._ear
        move = self._speaking.barge_in.decide(
            now, voiced_since_s=ear.voiced_since_s, last_voice_s=ear.last_voice_s, words=self._person.turn.text
        )
        if move is Move.HOLD:
            self._playout.hold(now)
        elif move is Move.GO_ON:
            self._counters["false_barge_ins"] += 1
            self._playout.go_on()
            self._person.finish(now)
        elif move is Move.YIELD:
            self._yield(now)

    def _yield(self, now: float) -> None:
        self._counters["barge_ins"] += 1
        self._activity.cancel()
        self._speaking.interrupt(now)

    def _on_heard(self, heard: Heard, delay_s: float) -> None:
        now = self._loop.time()
        if not self._person.words(heard, now, delay_s) or not heard.is_final:
            return
        words = self._person.turn.text
        if optout.wants_out(words) and self._mode is not Mode.AWAITING_BEEP:
            return  # waits for the end of the turn: "don't call me ... before five" is another wish
        asked = self._mode in (Mode.OPENING, Mode.TALKING)
        if asked and self._may_be_machine(now) and (verdict := machine.judge(words)) is not None:
            self._heard_machine(verdict, masking.mask(words))

    def _may_be_machine(self, now: float) -> bool:
        return (
            self._mode is not Mode.CLOSING
            and now - self._began_s < machine.LISTEN_S
            and self._transcript.person_turns < machine.TURNS
        )

    def _person_finished(self, now: float) -> None:
        turn = self._person.finish(now)
        text = masking.mask(turn.text)
        if not text:
            return
        if optout.wants_out(text) and self._mode is not Mode.AWAITING_BEEP:
            self._store_person_turn(turn, text)
            if self._planned is not EndReason.OPT_OUT:
                self._start(self._opt_out("words", text))
            return
        if self._mode is Mode.TALKING and self._has_floor:
            if is_back_channel(text):
                self._nodded()
                return
            self._yield(now)
        self._store_person_turn(turn, text)
        if self._mode is Mode.OPENING:
            greets = text.lower().strip(" .,!?") in _HELLO
            self._owes_answer |= not greets and turn.ended_s - self._began_s >= WHO_IS_THIS_S
        elif self._mode is Mode.SCREENED:
            self._answer_screener(turn, text)
        elif self._mode is Mode.TALKING:
            self._patience.answered()
            self._answer(turn)

    def _nodded(self) -> None:
        """The person only said that they listen: go on if the agent had fallen silent for it."""
        self._counters["turns_discarded"] += 1
        if self._speaking.barge_in.held:
            self._counters["false_barge_ins"] += 1
            self._speaking.barge_in.held = False
            self._playout.go_on()

    def _answer_screener(self, turn: Endpointer, text: str) -> None:
        """Say who calls when asked, wait when told to, and talk to whoever comes."""
        if not self._introduced or machine.judge(text) is Verdict.SCREENING:
            self._introduced = True
            self._speaking.line("screening", self._agent.screening)
        elif machine.turns_away(text):
            self._start(self._close(EndReason.SCREENED, ""))
        elif not machine.asks_to_wait(text):
            self._mode = Mode.TALKING
            self._answer(turn)

    def _store_person_turn(self, turn: Endpointer, text: str) -> None:
        self._transcript.person(text, started_s=turn.started_s, ended_s=turn.ended_s)
        if self._verdict is Verdict.SCREENING and self._mode is Mode.TALKING and machine.turns_away(text):
            self._mode = Mode.SCREENED  # it was the screener all the time

    # Speaking

    def _open(self) -> None:
        last = self.briefing.past[-1] if self.briefing.past else None
        voicemail = self._speaking.text(self._agent.voicemail)
        if any(turn.speaker is Speaker.AGENT and turn.text == voicemail for turn in self.briefing.past) and voicemail:
            self._start(self._close(EndReason.VOICEMAIL, ""))  # it was left by the seat before
        elif not self.briefing.opener_done:
            self._speaking.line("opener", self._agent.opener)
        else:
            self._mode = Mode.TALKING
            self._owes_answer = last is not None and last.speaker is Speaker.PERSON
            self._speaking.line("apology", self._agent.apology)

    def _said(self, kind: str, proven: bool, now: float) -> None:  # noqa: FBT001 - a callback
        """A turn of the agent was heard to its end."""
        self._patience.noise(now)
        if self._said_all is not None and not self._said_all.done():
            self._said_all.set_result(proven)
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
            self._start(self._close(EndReason.FAILED, self._agent.trouble))

    def _answer(self, turn: Endpointer | None) -> None:
        self._owes_answer = False
        self._speaking.answer(turn)
        self._start(self._reply())

    async def _reply(self) -> None:
        try:
            used = await self._answering.answer(self._speaking.timings)
        except DialerError as error:
            logger.error("no answer", call_id=self.briefing.call_id, error=str(error))
            await self._close(EndReason.FAILED, self._agent.trouble)
            return
        self._playout.close()
        if used.ends is EndReason.LOST:
            self.abandon()
        elif used.ends is EndReason.OPT_OUT:
            await self._opt_out("tool", self._last_words())
        elif used.ends is not None:
            farewell = "" if self._playout.segments else self._agent.goodbye
            if used.ends is EndReason.TRANSFER:
                farewell = ""
            await self._close(used.ends, farewell, transfer_to=used.transfer_to)
        elif not self._playout.segments:
            self._playout.end()

    def _last_words(self) -> str:
        return next((m.text for m in reversed(self._transcript.messages) if m.role == "user"), "")

    # Ways to end

    async def _opt_out(self, how: str, words: str) -> None:
        """Nothing is confirmed that is not committed."""
        self._mode, self._planned = Mode.CLOSING, EndReason.OPT_OUT
        self._speaking.interrupt(self._loop.time())
        reply = await self._hand.tell(OptedOut(how, words))
        if reply.lost:
            self.abandon()
            return
        await self._close(EndReason.OPT_OUT, self._agent.opt_out_confirmation if reply.ok else self._agent.goodbye)

    def _heard_machine(self, verdict: Verdict, evidence: str) -> None:
        if self._verdict is verdict or self._mode is Mode.CLOSING:
            return
        self._verdict = verdict
        self._activity.cancel()
        self._speaking.interrupt(self._loop.time())
        self._transcript.post(MachineHeard(verdict.value, evidence))
        if verdict is Verdict.FAX:
            self._start(self._close(EndReason.FAX, ""))
        elif verdict is Verdict.SCREENING:
            self._mode = Mode.SCREENED
            self._patience.noise(self._loop.time())
        else:
            self._mode = Mode.AWAITING_BEEP
            self._greeting = machine.Greeting(self._loop.time())

    async def _leave_message(self) -> None:
        self._mode = Mode.CLOSING
        await asyncio.sleep(AFTER_BEEP_S)
        await self._close(EndReason.VOICEMAIL, self._agent.voicemail, kind="voicemail")

    async def _close(self, reason: EndReason, farewell: str, *, kind: str = "goodbye", transfer_to: str = "") -> None:
        """Say a farewell (or let what is being said end), commit the end, close the socket."""
        self._mode = Mode.CLOSING
        if reason is not EndReason.TRANSFER:  # that is one only once it is committed
            self._planned = reason
        if farewell:
            self._speaking.interrupt(self._loop.time())
            self._speaking.line(kind, farewell)
        if self._playout.held:
            self._playout.go_on()
        if self._playout.active:
            self._said_all = self._loop.create_future()
            limit_s = FAREWELL_S if kind == "goodbye" else self._agent.turntaking.max_call_s
            await asyncio.wait((self._said_all, self._over), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if not self._over.done():
            await self._hand.tell(Ending(reason, transfer_to))
            self._planned = reason
            self._finish(reason)

    # The activity

    @property
    def _has_floor(self) -> bool:
        """Whether the agent speaks or is about to."""
        return self._playout.active or self._activity.busy

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if self._over.done():
            work.close()
        else:
            self._activity.start(work)

    def _failed(self, error: BaseException) -> None:
        logger.error("conversation failed", call_id=self.briefing.call_id, exc_info=error)
        self._planned = self._planned or EndReason.FAILED
        self._finish(EndReason.FAILED)
