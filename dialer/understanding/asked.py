"""What a bare yes or no means after what was asked: after "may I send you an offer?" a yes is interest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dialer.understanding.labels import Intent

Turned = Mapping[Intent, Intent]

_YES, _NO = Intent.AFFIRM, Intent.DENY
_QUESTIONS: Final[tuple[tuple[str, dict[Intent, Intent]], ...]] = (
    # what is asked, and what yes and no then mean; the first that is found counts
    (
        r"\b(?:stop|no longer|not) (?:call|phone|contact)|\b(?:off|from) (?:our|the|my) list|never (?:call|phone)"
        r"|(?:फोन|फ़ोन|कॉल) (?:न|ना|मत|बंद) |(?:नंबर|नाम) हटा|(?:phone|call) (?:na|band) |number hata",
        {_YES: Intent.DO_NOT_CALL},
    ),
    (
        r"\b(?:anything|something) else\b|\b(?:other|more|further|any) questions\b"
        r"|कुछ और|और कुछ|कोई (?:और )?सवाल|(?:kuch aur|aur kuch|koi sawaal)",
        {_NO: Intent.GOODBYE},
    ),
    (
        r"\bcall (?:you )?(?:back|again|later)|\b(?:another|other|better) time\b|\bcall you (?:on|at|tomorrow|next)\b"
        r"|(?:बाद में|कल|दोबारा|फिर|शाम को).{0,20}(?:फोन|फ़ोन|कॉल|बात)"
        r"|(?:baad mein|kal|dobara|phir).{0,20}(?:phone|call|baat)",
        {_YES: Intent.CALLBACK},
    ),
    (
        r"\b(?:speak|talk) (?:to|with) (?:(?:one|some|any)\w* of )?(?:a|an|our|my|someone|somebody) ?(?:person|human"
        r"|colleagues?|specialists?|agents?|experts?|team)?|\b(?:put|connect|transfer) you\b"
        r"|(?:साथी|सहकर्मी|विशेषज्ञ|एजेंट|मैनेजर) से|(?:saathi|agent|manager|colleague) se",
        {_YES: Intent.HUMAN},
    ),
    (
        r"\bgood time\b|\b(?:have|got|spare) (?:you )?(?:a|one|two|five|\d) (?:quick )?(?:minutes?|moments?|seconds?)"
        r"|\btalk (?:right )?now\b|\bcan (?:we|you) talk\b"
        r"|(?:अभी|अब) (?:आप )?बात|(?:दो|एक|पाँच) मिनट|समय है|abhi baat|minute (?:hai|hain)|time hai",
        {_NO: Intent.CALLBACK},
    ),
    (
        r"\b(?:am i|i'?m i|is this|are you|do i|i am) (?:\w+ )?(?:speaking|talking)?(?: to| with)? ?"
        r"(?:[a-z]+ ){0,2}[a-z]+\?$"
        r"|\bspeaking (?:to|with)\b|\b(?:is|have) (?:this|i got|i reached)\b"
        r"|जी से बात कर|बोल रहे हैं|(?:ji|jee) se baat|bol rahe hain",
        {_NO: Intent.WRONG_NUMBER},
    ),
    (
        r"\b(?:may|can|shall|should|could) (?:i|we) (?:\w+ ){0,3}?(?:send|e-?mail|text|book|arrange|schedule"
        r"|put you down|set|sign|reserve|offer|show|make you|come by|visit|order)"
        r"|\b(?:would|do) you (?:like|want|be interested|care)|\binterested in\b|\bshall we\b"
        r"|(?:भेज|बुक कर|तय कर) (?:दूँ|दूं|दें)|चाहेंगे|चाहते हैं|रुचि|दिलचस्पी"
        r"|(?:bhej|book kar|fix kar) (?:doon|du|dun|dein)|chahenge|interest",
        {_YES: Intent.INTERESTED, _NO: Intent.NOT_INTERESTED},
    ),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(rule, re.IGNORECASE), MappingProxyType(turned)) for rule, turned in _QUESTIONS)
_NOTHING: Final[Turned] = MappingProxyType({})
_SENTENCES: Final = re.compile(r"[^.!?।]+[.!?।]*")


def turned(asked: str) -> Turned:
    """Return what yes and no mean as an answer to the agent's last words; what is not there means what it says.

    Args:
        asked: all that the agent said; its last sentence is the question.
    """
    sentences = _SENTENCES.findall(asked)
    if not sentences:
        return _NOTHING
    last = sentences[-1].strip()
    return next((meaning for rule, meaning in _COMPILED if rule.search(last)), _NOTHING)
