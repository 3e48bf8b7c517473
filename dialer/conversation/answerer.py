"""Who answered: a person, until words, tones or the carrier say otherwise. A policy: it neither speaks nor waits."""

from __future__ import annotations

from enum import Enum

from dialer.audio.tones import Answerphone, Signal
from dialer.audio.vad import Ear
from dialer.conversation import machine
from dialer.conversation.machine import Verdict


class Asked(Enum):
    """What a screener's words call for."""

    NAME = "name"
    """Say who calls."""
    PATIENCE = "patience"
    NOTHING = "nothing"
    """Nobody will come."""
    ANSWER = "answer"
    """That is the person."""


class Answerer:
    """What is known of whoever answered one call. Times come in as arguments, on the loop's clock, in seconds."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        """None: a person, as far as anybody knows."""
        self._answerphone: Answerphone | None = Answerphone()
        self._greeting: machine.Greeting | None = None
        self._introduced = False

    def signal(self, frame: bytes) -> Signal | None:
        """Take 20 ms of mu-law; return the tone that was recognized with it."""
        return self._answerphone.feed(frame) if self._answerphone is not None else None

    def is_person(self) -> None:
        """It is too late for an answerphone: listen for tones no more."""
        self._answerphone = None

    @staticmethod
    def may_be_machine(age_s: float, person_turns: int) -> bool:
        """Whether words like "leave a message" are evidence yet, so long after the stream began."""
        return age_s < machine.LISTEN_S and person_turns < machine.TURNS

    def found(self, verdict: Verdict, now: float) -> bool:
        """Take a verdict; return whether it is new."""
        if self.verdict is verdict:
            return False
        self.verdict = verdict
        if verdict is Verdict.VOICEMAIL:
            self._greeting = machine.Greeting(now)
        return True

    def greeting_over(self, now: float, ear: Ear) -> bool:
        """Whether an answerphone listens now although no beep was recognized."""
        assert self._greeting is not None
        return self._greeting.over(now, voiced=bool(ear.voiced_since_s), last_voice_s=ear.last_voice_s)

    def asked(self, text: str) -> Asked:
        """What a screener wants that says this. It is told once who calls, and then when it asks."""
        if not self._introduced or machine.judge(text) is Verdict.SCREENING:
            self._introduced = True
            return Asked.NAME
        if machine.turns_away(text):
            return Asked.NOTHING
        return Asked.PATIENCE if machine.asks_to_wait(text) else Asked.ANSWER

    def was_screener(self, text: str) -> bool:
        """Whether what seemed to be the person was the screener all the time: it says that nobody comes."""
        return self.verdict is Verdict.SCREENING and machine.turns_away(text)


def carriers(answered_by: str) -> Verdict | None:
    """Read a carrier's own detection: Twilio's `AnsweredBy`. None: a person, or unknown."""
    if answered_by == "fax":
        return Verdict.FAX
    return Verdict.VOICEMAIL if answered_by.startswith("machine") else None
