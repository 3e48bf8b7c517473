"""Who answered: evidence from words and tones that it is no person. Policies without a clock."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from dialer.conversation import cues

LISTEN_S: Final = 45.0
"""After this, and after `TURNS` turns with a person, words like "leave a message" are talk and no evidence."""
TURNS: Final = 3
GREETING_OVER_S: Final = 2.5
"""Silence after a machine's greeting that stands for a beep that was not recognized."""
PROMISED_BEEP_S: Final = 5.0
"""The same after a greeting that speaks of a tone: it is worth waiting for."""
WORDLESS_S: Final = 8.0
"""Without a word for so long, a voice after a greeting is noise."""
LONGEST_GREETING_S: Final = 45.0
ASKS_WHO: Final = 0.4
"""Of `cues.scores`, once a screener was recognized."""


class Verdict(StrEnum):
    """What answered."""

    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    IVR = "ivr"
    """A phone menu, or a queue behind one."""
    FAX = "fax"
    PERSON = "human"
    """A person after all, or one that a machine put through."""


def judge(words: str) -> Verdict | None:
    """Say what kind of machine speaks so, or None: it may be a person.

    Screeners come first, for they also speak of tones and of people who are not available.
    """
    scores = cues.scores(words)
    if scores[Verdict.SCREENING] >= cues.ENOUGH:
        return Verdict.SCREENING
    best = max((Verdict.VOICEMAIL, Verdict.IVR, Verdict.FAX), key=scores.__getitem__)
    return best if scores[best] >= cues.ENOUGH else None


def wants_name(words: str) -> bool:
    """Whether words that a screener may have said ask who calls. A person who asks so gets the same answer."""
    return cues.scores(words)[Verdict.SCREENING] >= ASKS_WHO


def promises_beep(words: str) -> bool:
    """Whether words speak of a tone after which to speak."""
    return cues.shows("promises_beep", words)


def no_mailbox(words: str) -> bool:
    """Whether an answerphone says that it takes no messages."""
    return cues.shows("no_mailbox", words)


def greets(words: str) -> bool:
    """Whether these are words of somebody who waits for an answer, and no more."""
    return cues.shows("greets", words)


def asks_to_wait(words: str) -> bool:
    """Whether a screener says that it goes to ask."""
    return cues.shows("asks_to_wait", words)


def turns_away(words: str) -> bool:
    """Whether a screener says that nobody will come."""
    return cues.shows("turns_away", words)


class Greeting:
    """Waits for the end of a machine's greeting. Times come in as arguments, in seconds."""

    __slots__ = ("_began_s", "promises_beep")

    def __init__(self, now: float) -> None:
        self._began_s = now
        self.promises_beep = False

    def over(self, now: float, *, voiced: bool, last_voice_s: float, last_words_s: float = 0.0) -> bool:
        """Whether the greeting is over without a beep: silence or mere noise after it, or it never ends."""
        if now - self._began_s >= LONGEST_GREETING_S or now - max(last_words_s, self._began_s) >= WORDLESS_S:
            return True
        wait_s = PROMISED_BEEP_S if self.promises_beep else GREETING_OVER_S
        return not voiced and now - max(last_voice_s, self._began_s) >= wait_s
