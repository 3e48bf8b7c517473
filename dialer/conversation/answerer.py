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
    NAME_AT_TONE = "name at the tone"
    """The same, once its tone was heard."""
    PATIENCE = "patience"
    NOTHING = "nothing"
    """Nobody will come."""
    MESSAGE = "message"
    """Nobody will come, but a message is taken."""
    ANSWER = "answer"
    """That is the person."""


class Answerer:
    """What is known of whoever answered one call. Times come in as arguments, on the loop's clock, in seconds."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        """None: a person, as far as anybody knows."""
        self._answerphone = Answerphone()
        self._greeting: machine.Greeting | None = None
        self._introduced = False
        self._said = ""
        self._words_s = 0.0

    def signals(self, audio: bytes) -> list[Signal]:
        """Take mu-law, whole frames; return the tones that were recognized with it."""
        return self._answerphone.feed(audio)

    @staticmethod
    def may_be_machine(age_s: float, person_turns: int) -> bool:
        """Whether words like "leave a message" are evidence yet, so long after the stream began."""
        return age_s < machine.LISTEN_S and person_turns < machine.TURNS

    def heard(self, now: float) -> None:
        """The recognizer heard words."""
        self._words_s = now

    def said(self, text: str) -> None:
        """Whoever answered finished a turn with these words."""
        self._said = f"{self._said} {text}".strip()
        if self._greeting is not None and machine.promises_beep(self._said):
            self._greeting.promises_beep = True

    def judge(self, words: str) -> Verdict | None:
        """Say who speaks so, after all that was said before. A greeting with a pause in it is several turns."""
        return machine.judge(f"{self._said} {words}")

    def takes_no_message(self, words: str) -> bool:
        """Whether the answerphone that is known to be one says that it takes none."""
        return self.verdict is Verdict.VOICEMAIL and machine.no_mailbox(f"{self._said} {words}")

    def found(self, verdict: Verdict, now: float) -> bool:
        """Take a verdict; return whether it is new."""
        if self.verdict is verdict:
            return False
        self.verdict = verdict
        if verdict is Verdict.VOICEMAIL:
            self._greeting = machine.Greeting(now)
            self._greeting.promises_beep = machine.promises_beep(self._said)
        elif verdict is Verdict.PERSON:
            self._said = ""
        return True

    def greeting_over(self, now: float, ear: Ear) -> bool:
        """Whether an answerphone listens now although no beep was recognized."""
        assert self._greeting is not None
        return self._greeting.over(
            now, voiced=bool(ear.voiced_since_s), last_voice_s=ear.last_voice_s, last_words_s=self._words_s
        )

    def was_screener(self, text: str) -> bool:
        """Whether what seemed to be the person was the screener all the time: it says that nobody comes."""
        return self._introduced and self.verdict is Verdict.PERSON and machine.turns_away(text)

    def asked(self, text: str) -> Asked:
        """What a screener wants that says this. It is told once who calls, and then when it asks."""
        if self._introduced and machine.judge(text) is Verdict.VOICEMAIL:
            return Asked.MESSAGE
        if not self._introduced or machine.wants_name(text):
            self._introduced = True
            return Asked.NAME_AT_TONE if machine.promises_beep(text) else Asked.NAME
        if machine.turns_away(text):
            return Asked.NOTHING
        return Asked.PATIENCE if machine.asks_to_wait(text) else Asked.ANSWER


def carriers(answered_by: str) -> Verdict | None:
    """Read a carrier's own detection: Twilio's `AnsweredBy`. None: a person, or unknown."""
    if answered_by == "fax":
        return Verdict.FAX
    return Verdict.VOICEMAIL if answered_by.startswith("machine") else None
