"""What is done about whoever answered that is not the person: answerphones, screeners, phone menus, fax machines.

The evidence is judged by `Answerer`; here its verdicts have their effects on the call.
"""

from __future__ import annotations

import asyncio
from sys import maxsize
from typing import Final

from dialer.audio.tones import Signal
from dialer.audio.vad import Ear
from dialer.conversation import machine, masking
from dialer.conversation.activity import Activity
from dialer.conversation.answerer import Answerer, Asked, carriers
from dialer.conversation.closing import Closing
from dialer.conversation.facts import EndReason, MachineHeard
from dialer.conversation.floor import Floor
from dialer.conversation.machine import Verdict
from dialer.conversation.navigating import Navigating
from dialer.conversation.persons_audio import PersonsAudio
from dialer.conversation.speaking import Speaking
from dialer.conversation.stage import Mode, Stage
from dialer.conversation.transcript import Transcript

INTRODUCTION: Final = "screening"
"""The kind of turn in which a screener is told who calls."""
TONE_FRAMES: Final = 10
"""So many frames are looked at together: each time costs the same, and 200 ms are soon enough for a tone."""
SCREENERS_TONE_S: Final = 3.0
"""A screener's tone that is this late will not come; it is told who calls without it."""


class Machines:
    """One call's dealings with machines. Lives on the media loop."""

    def __init__(
        self,
        stage: Stage,
        audio: PersonsAudio,
        *,
        ear: Ear,
        floor: Floor,
        speaking: Speaking,
        transcript: Transcript,
        activity: Activity,
        closing: Closing,
        navigating: Navigating,
    ) -> None:
        self._stage = stage
        self._audio = audio
        self._ear = ear
        self._floor = floor
        self._speaking = speaking
        self._transcript = transcript
        self._activity = activity
        self._closing = closing
        self._navigating = navigating
        self._loop = asyncio.get_running_loop()
        self._answerer = Answerer()
        self._turns = 0
        """The person's, after the opener."""
        self._blind = False
        """Whether a message is being left that no beep asked for."""
        self._listened = 0
        """The number of the first frame that no tone was looked for in."""
        self.due = TONE_FRAMES
        """So many frames must have come until `listen` is called."""
        self._name_at_s: float | None = None
        """When a screener whose tone is awaited is told who calls at the latest."""

    # Tones, the carrier's verdict, words

    def listen(self) -> None:
        """Look for tones in what has come."""
        first, self._listened = self._listened, self._audio.count
        self.due = self._listened + TONE_FRAMES
        for signal in self._answerer.signals(self._audio.between(first, self._listened)):
            if signal is Signal.FAX:
                self._found(Verdict.FAX, signal.value)
            else:
                self._beeped(signal)

    def _beeped(self, signal: Signal) -> None:
        match self._stage.mode:
            case Mode.AWAITING_BEEP:
                self._leave_message(blind=False)
            case Mode.OPENING | Mode.TALKING if signal is Signal.BEEP:
                self._beeped_first(signal)
            case Mode.SCREENED if self._name_at_s is not None:
                self._introduce()
            case Mode.CLOSING if self._blind and self._speaking.active:
                self._speaking.interrupt(self._loop.time())  # what was said before the beep was not recorded
                self._leave_message(blind=False)
            case _:
                pass

    def _beeped_first(self, signal: Signal) -> None:
        """A tone came before words had told who answered; what is known of them decides what it was."""
        words = self._floor.turn.text
        verdict = self._answerer.judge(words)
        if verdict in (Verdict.SCREENING, Verdict.IVR):
            self._found(verdict, masking.mask(words))
            return
        self._found(Verdict.VOICEMAIL, signal.value)
        if self._stage.mode is Mode.AWAITING_BEEP:
            self._leave_message(blind=False)

    def answered_by(self, verdict: str) -> None:
        """The carrier's own detection says who answered: Twilio's `AnsweredBy`."""
        found = carriers(verdict)
        if found is None or self._stage.mode is Mode.CLOSING or self._turns >= machine.TURNS:
            return
        if self._answerer.verdict in (None, found):  # what we heard ourselves is the better evidence
            self._found(found, f"carrier: {verdict}")
        if verdict.startswith("machine_end") and self._stage.mode is Mode.AWAITING_BEEP:
            self._leave_message(blind=verdict != "machine_end_beep")

    def words(self, words: str, now: float) -> None:
        """Whoever answered has said this so far in this turn."""
        self._answerer.heard(now)
        if self._stage.mode not in (Mode.OPENING, Mode.TALKING, Mode.AWAITING_BEEP) or not self._may_be_machine(now):
            return
        if (verdict := self._answerer.judge(words)) is not None:
            self._found(verdict, masking.mask(words))
        if self._stage.mode is Mode.AWAITING_BEEP and self._answerer.takes_no_message(words):
            self._activity.start(self._closing.close(EndReason.VOICEMAIL, ""))

    def take(self, now: float) -> None:
        """Do what is due."""
        mode = self._stage.mode
        if mode is Mode.AWAITING_BEEP:
            if not self._activity.busy and self._answerer.greeting_over(now, self._ear):
                self._leave_message(blind=True)
        elif mode is Mode.NAVIGATING:
            if self._navigating.take(now):
                self._person_came("behind the menu")
        elif mode is Mode.TALKING and not self._may_be_machine(now):
            self.due = maxsize  # it is too late for an answerphone
        elif mode is Mode.SCREENED and self._name_at_s is not None and now >= self._name_at_s:
            self._introduce()

    # Turns of whoever answered

    def stored(self, text: str) -> None:
        """A turn of whoever answered was stored."""
        if self._stage.mode is Mode.NAVIGATING:
            self._navigating.heard(text, self._loop.time())
            if machine.judge(text) is Verdict.VOICEMAIL:
                self._found(Verdict.VOICEMAIL, text)
            return
        if self._stage.mode is Mode.AWAITING_BEEP and machine.greets(text):
            self._person_came(text)
            return
        self._turns += self._stage.mode is Mode.TALKING
        self._answerer.said(text)
        if self._stage.mode in (Mode.OPENING, Mode.TALKING) and self._answerer.was_screener(text):
            self._found(Verdict.SCREENING, text)

    def screened(self, text: str) -> None:
        """A screener, or whoever it fetched, said this: do what it asks, and greet the person."""
        match self._answerer.asked(text):
            case Asked.NAME:
                self._introduce()
            case Asked.NAME_AT_TONE:
                self._name_at_s = self._loop.time() + SCREENERS_TONE_S
            case Asked.NOTHING:
                self._activity.start(self._closing.close(EndReason.SCREENED, ""))
            case Asked.MESSAGE:
                self._found(Verdict.VOICEMAIL, text)
            case Asked.ANSWER:
                self._person_came(text)
            case Asked.PATIENCE:
                pass

    # What comes of it

    def _may_be_machine(self, now: float) -> bool:
        age_s = now - self._stage.began_s
        return self._stage.mode is not Mode.CLOSING and self._answerer.may_be_machine(age_s, self._turns)

    def _found(self, verdict: Verdict, evidence: str) -> None:
        now = self._loop.time()
        if self._stage.mode is Mode.CLOSING or not self._answerer.found(verdict, now):
            return
        self._activity.cancel()
        self._speaking.interrupt(now)
        self._transcript.post(MachineHeard(verdict.value, evidence, round(now - self._stage.began_s, 1)))
        match verdict:
            case Verdict.FAX:
                self._activity.start(self._closing.close(EndReason.FAX, ""))
            case Verdict.SCREENING:
                self._stage.mode = Mode.SCREENED
                self._floor.noise(now)
            case Verdict.IVR:
                self._stage.mode = Mode.NAVIGATING
                self._navigating.begin(now)
            case Verdict.VOICEMAIL:
                self._stage.mode = Mode.AWAITING_BEEP
            case Verdict.PERSON:
                self._stage.mode = Mode.OPENING

    def _leave_message(self, *, blind: bool) -> None:
        self._blind = blind
        self._activity.start(self._closing.leave_message())

    def _introduce(self) -> None:
        self._name_at_s = None
        if self._speaking.kind == INTRODUCTION and self._speaking.active:
            return  # it asks in two sentences, and is being answered
        self._speaking.line(INTRODUCTION, self._speaking.agent.screening)

    def _person_came(self, words: str) -> None:
        """A person is on the line and has heard nothing yet: begin as if they had just answered."""
        self._found(Verdict.PERSON, words)
        self._floor.noise(self._loop.time())
        self._speaking.line("opener", self._speaking.agent.opener)
