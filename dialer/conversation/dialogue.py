"""One call's talk, put together from its parts: what arrives on the line goes to them, and what is due is done.

Runs on the media loop. Whatever takes time (an answer, a farewell) is one task, the *activity*, of which there is at
most one. What the person does can cancel it. Every fact goes to the seat's thread through the hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from dialer import log
from dialer.audio.vad import Ear
from dialer.conversation import prompt, script, tools
from dialer.conversation.activity import Activity
from dialer.conversation.aloud import Aloud
from dialer.conversation.answering import Answering
from dialer.conversation.closing import Closing
from dialer.conversation.deadlines import Deadlines
from dialer.conversation.facts import Briefing, EndReason, Hand, OpenerCompleted, Speaker, StreamStarted
from dialer.conversation.floor import EACH_FRAME, Floor
from dialer.conversation.heeding import Heeding
from dialer.conversation.keypad import Keypad
from dialer.conversation.lines import FixedLines
from dialer.conversation.listening import Listening
from dialer.conversation.machines import Machines
from dialer.conversation.navigating import Navigating
from dialer.conversation.noticing import Noticing
from dialer.conversation.persons_audio import PersonsAudio
from dialer.conversation.playout import Line, Played
from dialer.conversation.recall import Recall
from dialer.conversation.replying import Replying
from dialer.conversation.speaking import Speaking
from dialer.conversation.stage import Mode, Stage
from dialer.conversation.talking import Talking
from dialer.conversation.thinking import Thinking
from dialer.conversation.ticker import TICK_S
from dialer.conversation.timings import Opening
from dialer.conversation.tongue import Tongue
from dialer.conversation.transcript import Transcript
from dialer.conversation.vendors import Crew
from dialer.conversation.weakly import weakly
from dialer.speech.base import Heard
from dialer.understanding.analyst import Analyst

logger = log.get(__name__)

LOOK_S: Final = 0.19
"""How often a call is looked at where every moment does not count: only deadlines of seconds wait there. A little less
than the ten frames of silence that are looked at together, which come now sooner and now later."""


class Dialogue:
    """One call's talk, from the opener to the end."""

    def __init__(
        self,
        briefing: Briefing,
        hand: Hand,
        audio: PersonsAudio,
        *,
        crew: Crew,
        lines: FixedLines,
        ear: Ear,
        played: Played,
        opening: Opening,
        on_news: Callable[[], object],
        analyst: Analyst | None = None,
    ) -> None:
        """Begin in front of the stream's begin; `on_news` is called when something need not wait for the next frame."""
        self._briefing = briefing
        self._hand = hand
        self._audio = audio
        self._ear = ear
        self._opening = opening
        self._on_news = on_news
        self._loop = asyncio.get_running_loop()
        agent = self._agent = briefing.agent
        self._transcript = Transcript.begin(briefing, hand, prompt.system(agent, briefing), weakly(self.abandon))
        self._noticing = Noticing(briefing, self._transcript, analyst, audio)
        self._stage = Stage()
        self._tongue = Tongue(agent)
        self._activity = Activity(weakly(self.failed))
        self.speaking = Speaking(
            agent,
            briefing.lead,
            crew=crew,
            lines=lines,
            played=played,
            transcript=self._transcript,
            opening=opening,
            on_said=weakly(self._said),
            on_sound=on_news,
        )
        self._playout = self.speaking.playout
        self._talking = Talking(crew, agent, self._transcript, tools.specs(agent), ear, self._playout)
        self.listening = Listening(
            self._talking,
            audio,
            language=self._tongue.listens_for,
            hints=agent.hints(briefing.lead),
            on_heard=weakly(self._on_heard),
            spent=self._transcript.spent,
            recognizers=agent.recognizers,
        )
        self._floor = Floor(
            agent.turntaking, ear=ear, listening=self.listening, speaking=self.speaking, activity=self._activity
        )
        self.closing = Closing(agent, hand, self.speaking, on_begun=self._stage.close, on_over=self._activity.refuse)
        self._recall = Recall(agent, hand, self._transcript)
        self._keypad = Keypad(agent.turntaking.digits_gap_s)
        self._replying = self._made_replying(crew)
        self._machines = self._made_machines(crew)
        self._deadlines = Deadlines(
            agent.turntaking,
            self._stage,
            listening=self.listening,
            speaking=self.speaking,
            floor=self._floor,
            machines=self._machines,
            activity=self._activity,
            closing=self.closing,
        )
        self._heeding = self._made_heeding()
        self._look_s = 0.0

    def _made_replying(self, crew: Crew) -> Replying:
        agent = self._agent
        used = tools.Tools(agent, self._hand, self._briefing.epoch, self._transcript.known).use
        cascade = Answering(
            Thinking(crew, agent, self._recall, script.of(agent, self._briefing)),
            self.speaking.mouth,
            self._transcript,
            tools.specs(agent),
            used,
            bridge=self.speaking.bridge,
            bridge_after_s=agent.turntaking.filler_after_ms / 1000,
            eager_most=agent.turntaking.eager_most,
            on_late=weakly(self._used_late),
        )
        return Replying(
            self._briefing.call_id,
            answering=Aloud(self._talking, cascade, self._playout, self._transcript, self._recall),
            speaking=self.speaking,
            transcript=self._transcript,
            activity=self._activity,
            closing=self.closing,
        )

    def _made_machines(self, crew: Crew) -> Machines:
        return Machines(
            self._stage,
            self._audio,
            ear=self._ear,
            floor=self._floor,
            speaking=self.speaking,
            transcript=self._transcript,
            activity=self._activity,
            closing=self.closing,
            navigating=Navigating(
                self._agent,
                self._briefing,
                self._hand,
                crew=crew,
                ear=self._ear,
                speaking=self.speaking,
                activity=self._activity,
                closing=self.closing,
            ),
        )

    def _made_heeding(self) -> Heeding:
        return Heeding(
            self._briefing,
            self._stage,
            keypad=self._keypad,
            tongue=self._tongue,
            floor=self._floor,
            speaking=self.speaking,
            transcript=self._transcript,
            noticing=self._noticing,
            recall=self._recall,
            replying=self._replying,
            machines=self._machines,
            activity=self._activity,
            closing=self.closing,
        )

    # What happens on the line

    def begin(self, stream_id: str, line: Line, now: float) -> None:
        """The stream is up: listen and speak."""
        self._stage.began_s = self._transcript.began_s = self._opening.began_s = now
        self._floor.noise(now)
        self._playout.connect(line)
        self._transcript.post(StreamStarted(stream_id))
        self.listening.start()
        self._open()
        self.speaking.prepare()

    def hear(self, now: float) -> None:
        """The person's audio came, and is kept."""
        audio = self._audio
        if audio.count >= self.listening.due:
            self.listening.feed(now)
        if audio.count >= self._machines.due:
            self._machines.listen()
        self._floor.hear(audio)

    def follow(self, now: float) -> bool:
        """One more frame came of somebody who speaks; return whether they pause."""
        self.hear(now)
        return self._floor.pauses(now)

    def take_turns(self, now: float) -> int:
        """Do what is due: speech that is to be sent, turns, deadlines.

        Returns:
            How many frames may come until they must be looked at.
        """
        playout, hungry = self._playout, False
        if playout.segments:
            playout.pump(now)
            hungry = playout.hungry(now)
        looks, keys = now >= self._look_s, self._keypad.digits
        apart = min(self._floor.frames_apart(now), self._machines.due - self._audio.count)
        if not looks and apart != EACH_FRAME and not keys:
            return EACH_FRAME if hungry else apart
        talks = self._stage.mode is Mode.TALKING
        if self._floor.take(now, interruptible=talks):
            self._heeding.finished(now)
        elif talks:
            self._heeding.foresee(now)
        if keys and (digits := self._keypad.take(now)):
            self._heeding.dialled(digits, now)
        if looks:
            self._look_s = now + LOOK_S
            self._deadlines.check(now)
        return EACH_FRAME if hungry or keys else apart

    def pressed(self, digit: str) -> None:
        """A key was pressed."""
        self._look_s = self._loop.time()
        self._heeding.pressed(digit, self._look_s)
        self._on_news()

    def marked(self, name: str) -> None:
        """A mark came back."""
        self._playout.marked(name, self._loop.time())

    def abandon(self) -> None:
        """This seat has lost the call: be silent at once."""
        self.closing.abandon()

    def machine(self, verdict: str) -> None:
        """The carrier's own detection says who answered: Twilio's `AnsweredBy`."""
        self._machines.answered_by(verdict)

    def failed(self, error: BaseException) -> None:
        """Something of ours broke."""
        logger.error("conversation failed", call_id=self._briefing.call_id, exc_info=error)
        self.closing.fail()

    def fall_silent(self) -> None:
        """Say nothing any more, and do nothing."""
        self._replying.foresee("")
        self._activity.cancel()
        self.speaking.interrupt(self._loop.time())

    async def hear_out(self, reason: EndReason) -> None:
        """The stream is over: take the person's last words. They may ask for no more calls."""
        try:
            await self._last_words(reason)
        finally:
            await self.listening.close()

    async def _last_words(self, reason: EndReason) -> None:
        now = self._loop.time()
        try:
            self._floor.hear(self._audio)
        except Exception as error:  # what was understood before it counts all the same
            logger.error("last frames not heard", call_id=self._briefing.call_id, exc_info=error)
        if self._ear.alert and reason is not EndReason.LOST:
            await asyncio.sleep(TICK_S)  # what came last is judged with the voices of all calls
        turn = self._floor.heard(now)
        if turn.started_s and reason is not EndReason.LOST:
            await self.listening.last_words()
        await self._heeding.last(turn)

    def reason(self, seen: EndReason) -> EndReason:
        """Why the call was over, of which the stream saw `seen`: what we planned comes first."""
        if self.closing.planned is not None:
            return self.closing.planned
        if seen is not EndReason.PERSON:
            return seen
        return {Mode.SCREENED: EndReason.SCREENED, Mode.NAVIGATING: EndReason.IVR}.get(self._stage.mode, seen)

    def counters(self) -> dict[str, float]:
        """What was used and what happened."""
        return {
            **self._floor.counters(),
            "frames_out": self._playout.frames_sent,
            "underruns": self._playout.underruns,
            **self._transcript.spent.counters(),
            "stt_reopened": self.listening.reopened,
            **self._replying.counters(),
            "language_switches": self._tongue.switches,
            **self._noticing.counters(),
            **self._recall.counters(),
        }

    # The person's words

    def _on_heard(self, heard: Heard, delay_s: float) -> None:
        now = self._loop.time()
        if not self._floor.words(heard, now, delay_s):
            return
        self._look_s = now
        self._on_news()
        if heard.is_final:
            self._heeding.words(now)

    # The agent's turns

    def _used_late(self, used: tools.Used) -> None:
        self._replying.used_late(used)

    def _open(self) -> None:
        last = self._briefing.past[-1] if self._briefing.past else None
        voicemail = self.speaking.text(self._agent.voicemail)
        if any(turn.speaker is Speaker.AGENT and turn.text == voicemail for turn in self._briefing.past) and voicemail:
            self._activity.start(self.closing.close(EndReason.VOICEMAIL, ""))  # it was left by the seat before
        elif not self._briefing.opener_done:
            self.speaking.line("opener", self._agent.opener)
        else:
            self._stage.mode = Mode.TALKING
            self._replying.owed = last is not None and last.speaker is Speaker.PERSON
            self.speaking.line("apology", self.speaking.agent.apology)

    def _said(self, kind: str, proven: bool, now: float) -> None:  # noqa: FBT001 - a callback
        """A turn of the agent was heard to its end."""
        self._floor.noise(now)
        self.closing.said(proven=proven)
        if kind == "opener":
            self._opened(now, proven=proven)
        if self._stage.mode is Mode.TALKING and self._replying.owed:
            self._replying.answer(None)

    def _opened(self, now: float, *, proven: bool) -> None:
        if proven:
            self._transcript.post(OpenerCompleted(round(now - self._stage.began_s, 3)))
        if self._stage.mode is not Mode.OPENING:
            return
        self._stage.mode = Mode.TALKING
        if not self._playout.first_sent_s:  # nobody could speak it, and without it there is no call
            self._activity.start(self.closing.close(EndReason.FAILED, self.speaking.agent.trouble))
