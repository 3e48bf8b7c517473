"""Who answered: evidence from words and tones that it is no person. Policies without a clock."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

LISTEN_S: Final = 45.0
"""After this, and after `TURNS` turns with a person, words like "leave a message" are talk and no evidence."""
TURNS: Final = 3
GREETING_OVER_S: Final = 2.5
"""Silence after a machine's greeting that stands for a beep that was not recognized."""
LONGEST_GREETING_S: Final = 45.0

_VOICEMAIL: Final = re.compile(
    r"(?:leave|record)\s+(?:\w+\s+){0,4}(?:message|name and number|voicemail)"
    r"|(?:after|at|wait for)\s+the\s+(?:tone|beep)"
    r"|(?:is|are|am|'m|'re)\s+(?:not|un)\s*(?:able|available)\b.{0,60}(?:message|call|phone|tone)|voice\s*mail(?:box)?\b"
    r"|mailbox (?:is full|belonging)"
    r"|you(?:'ve| have) reached\b.{0,60}(?:message|mailbox|unavailable|not available|can'?t)"
    r"|can(?:'?t| ?not) (?:come to|take|answer) (?:the|your|my) (?:phone|call)|i'?ll (?:get|call) (?:back to )?you"
    r" (?:back )?as soon as|forwarded to (?:an automatic )?voice|not available to take your call"
    r"|the (?:person|customer|subscriber|number) you (?:are|have|'re) (?:calling|called|trying|dialed).{0,40}"
    r"(?:unavailable|not available|not answering|switched off)"
    r"|press (?:one|1|pound|hash) (?:to|for) (?:leave|more options)",
    re.IGNORECASE,
)
_SCREENING: Final = re.compile(
    r"(?:state|say|record|give|tell me)\s+your\s+name\b"
    r"|(?:reason|purpose)\s+(?:for|of)\s+(?:your\s+|the\s+|this\s+)?call"
    r"|call\s+(?:screening|assist|screener)|screening\s+(?:service|this call|calls)|using a (?:screening|call)"
    r"|before i (?:try to )?connect you|see if (?:this person|they|he|she) (?:is|are|'s) available"
    r"|who(?:'s| is) calling and why|person you(?:'re| are) calling is using",
    re.IGNORECASE,
)
_ASKS_TO_WAIT: Final = re.compile(
    r"\b(?:stay|remain) on the line|\bplease (?:hold|wait)|\bhold (?:on|the line|please)|\bone moment|\bconnecting"
    r"|\bjust a (?:moment|second|sec)|^(?:okay |ok )?(?:thanks|thank you)\W*$",
    re.IGNORECASE,
)
_TURNS_AWAY: Final = re.compile(
    r"\b(?:is not|isn't|is un|are not|aren't) ?available|\bnot accepting|\bcannot (?:take|accept)|\bdeclined",
    re.IGNORECASE,
)
_FAX: Final = re.compile(r"\bfax machine\b", re.IGNORECASE)


class Verdict(StrEnum):
    """What answered."""

    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    FAX = "fax"


def judge(words: str) -> Verdict | None:
    """Say what kind of machine speaks so, or None: it may be a person. Screeners are asked first: they may say both."""
    if _SCREENING.search(words):
        return Verdict.SCREENING
    if _VOICEMAIL.search(words):
        return Verdict.VOICEMAIL
    if _FAX.search(words):
        return Verdict.FAX
    return None


def asks_to_wait(words: str) -> bool:
    """Whether a screener says that it goes to ask."""
    return bool(_ASKS_TO_WAIT.search(words))


def turns_away(words: str) -> bool:
    """Whether a screener says that nobody will come."""
    return bool(_TURNS_AWAY.search(words))


class Greeting:
    """Waits for the end of a machine's greeting. Times come in as arguments, in seconds."""

    __slots__ = ("_began_s", "_heard_voice")

    def __init__(self, now: float) -> None:
        self._began_s = now
        self._heard_voice = False

    def over(self, now: float, *, voiced: bool, last_voice_s: float) -> bool:
        """Whether the greeting is over without a beep: silence after it, or it never ends."""
        self._heard_voice = self._heard_voice or voiced
        if now - self._began_s >= LONGEST_GREETING_S:
            return True
        return not voiced and now - max(last_voice_s, self._began_s) >= GREETING_OVER_S
