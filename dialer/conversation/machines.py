"""What is done about whoever answered that is not the person: answerphones, screeners, fax machines.

The evidence is judged by `Answerer`; here its verdicts have their effects on the call.
"""

from __future__ import annotations

import asyncio

from dialer.agents.definition import AgentDefinition
from dialer.audio.tones import Signal
from dialer.audio.vad import Ear
from dialer.conversation import machine, masking
from dialer.conversation.activity import Activity
from dialer.conversation.answerer import Answerer, Asked, carriers
from dialer.conversation.closing import Closing
from dialer.conversation.facts import EndReason, MachineHeard
from dialer.conversation.floor import Floor
from dialer.conversation.machine import Verdict
from dialer.conversation.speaking import Speaking
from dialer.conversation.stage import Mode, Stage
from dialer.conversation.transcript import Transcript


class Machines:
    """One call's dealings with machines. Lives on the media loop."""

    def __init__(
        self,
        agent: AgentDefinition,
        stage: Stage,
        *,
        ear: Ear,
        floor: Floor,
        speaking: Speaking,
        transcript: Transcript,
        activity: Activity,
        closing: Closing,
    ) -> None:
        self._agent = agent
        self._stage = stage
        self._ear = ear
        self._floor = floor
        self._speaking = speaking
        self._transcript = transcript
        self._activity = activity
        self._closing = closing
        self._loop = asyncio.get_running_loop()
        self._answerer = Answerer()

    def frame(self, frame: bytes) -> None:
        """20 ms of mu-law from the line: it may hold a tone."""
        signal = self._answerer.signal(frame)
        if signal is Signal.FAX:
            self._found(Verdict.FAX, signal.value)
        elif signal is not None:
            if self._stage.mode is not Mode.AWAITING_BEEP:
                self._found(Verdict.VOICEMAIL, signal.value)
            if self._stage.mode is Mode.AWAITING_BEEP:
                self._activity.start(self._closing.leave_message())

    def answered_by(self, verdict: str) -> None:
        """The carrier's own detection says who answered: Twilio's `AnsweredBy`."""
        found = carriers(verdict)
        if found is None or self._stage.mode is Mode.CLOSING or self._transcript.person_turns >= machine.TURNS:
            return
        self._found(found, f"carrier: {verdict}")
        if verdict.startswith("machine_end") and self._stage.mode is Mode.AWAITING_BEEP:
            self._activity.start(self._closing.leave_message())

    def words(self, words: str, now: float) -> None:
        """Whoever answered has said this so far."""
        asked = self._stage.mode in (Mode.OPENING, Mode.TALKING)
        if asked and self._may_be_machine(now) and (verdict := machine.judge(words)) is not None:
            self._found(verdict, masking.mask(words))

    def take(self, now: float) -> None:
        """Do what is due."""
        if self._stage.mode is Mode.AWAITING_BEEP:
            if not self._activity.busy and self._answerer.greeting_over(now, self._ear):
                self._activity.start(self._closing.leave_message())
        elif self._stage.mode in (Mode.TALKING, Mode.SCREENED) and not self._may_be_machine(now):
            self._answerer.is_person()

    def stored(self, text: str) -> None:
        """A turn of whoever answered was stored: what seemed a person may have been the screener all the time."""
        if self._stage.mode is Mode.TALKING and self._answerer.was_screener(text):
            self._stage.mode = Mode.SCREENED

    def screened(self, text: str) -> bool:
        """A screener, or whoever it fetched, said this: do what it asks; return whether it is the person."""
        match self._answerer.asked(text):
            case Asked.NAME:
                self._speaking.line("screening", self._agent.screening)
            case Asked.NOTHING:
                self._activity.start(self._closing.close(EndReason.SCREENED, ""))
            case Asked.ANSWER:
                self._stage.mode = Mode.TALKING
                return True
            case Asked.PATIENCE:
                pass
        return False

    def _may_be_machine(self, now: float) -> bool:
        age_s, turns = now - self._stage.began_s, self._transcript.person_turns
        return self._stage.mode is not Mode.CLOSING and self._answerer.may_be_machine(age_s, turns)

    def _found(self, verdict: Verdict, evidence: str) -> None:
        now = self._loop.time()
        if self._stage.mode is Mode.CLOSING or not self._answerer.found(verdict, now):
            return
        self._activity.cancel()
        self._speaking.interrupt(now)
        self._transcript.post(MachineHeard(verdict.value, evidence))
        if verdict is Verdict.FAX:
            self._activity.start(self._closing.close(EndReason.FAX, ""))
        elif verdict is Verdict.SCREENING:
            self._stage.mode = Mode.SCREENED
            self._floor.noise(now)
        else:
            self._stage.mode = Mode.AWAITING_BEEP
