"""Rules: wordings that say by themselves what a person wants or feels. They lean on the model and never overrule it."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

FIRM: Final = 3.0
"""Log odds that a wording adds for which there is hardly another reading."""
SLIGHT: Final = 1.2

_RULES: Final[tuple[tuple[str, str, str, float], ...]] = (
    # question, label, wording, log odds
    ("intent", "do_not_call", r"\b(?:stop|quit) (?:calling|phoning|ringing)|(?:never|don'?t|do not) (?:ever )?(?:call|"
     r"phone|ring)(?: \w+){0,3} (?:again|any ?more|ever)|(?:remove|delete) (?:me|my (?:phone )?number)|"
     r"(?:take|get) me off|do not call list|opt(?:ing)? out|unsubscribe", FIRM),
    ("intent", "do_not_call", r"(?:दोबारा|फिर|आगे से).{0,20}(?:फोन|कॉल) (?:मत|न )|नंबर.{0,12}हटा|"
     r"(?:फोन|कॉल) (?:करना )?बंद|(?:phone|call) mat kar", FIRM),
    ("intent", "wrong_number", r"\bwrong (?:number|person)|\bno(?:body| one| ?one)?(?: here)? (?:by|of) that name|"
     r"गलत (?:नंबर|जगह)|galat number", FIRM),
    ("intent", "not_interested", r"\bnot interested|\bno interest\b|(?:दिलचस्पी|रुचि|इंटरेस्ट) नहीं|"
     r"नहीं चाहिए|nahi chahiye", FIRM),
    ("intent", "callback", r"\b(?:call|ring|phone|try) (?:me )?(?:back|later|again|tomorrow|another)|"
     r"बाद में (?:फोन|कॉल|बात)|baad mein", FIRM),
    ("intent", "human", r"\b(?:speak|talk|connect|transfer|put)\b.{0,25}\b(?:person|human|agent|manager|supervisor|"
     r"representative|operator|somebody|someone)\b|(?:मैनेजर|एजेंट|इंसान|आदमी) (?:से|को)", FIRM),
    ("intent", "ask_price", r"\bhow much\b|\bwhat(?:'s| is| does).{0,20}\b(?:price|cost|fee)\b|कितने? (?:का|की|पैसे|"
     r"रुपये)|(?:कीमत|दाम|शुल्क) (?:क्या|कितन)|kitna paisa|kitne ka", FIRM),
    ("intent", "ask_identity", r"\bwho(?: the hell)? (?:is this|are you|am i)|which company|where did you get my|"
     r"\b(?:robot|an ai|a machine)\?|कौन बोल|किस कंपनी|kaun bol", FIRM),
    ("intent", "goodbye", r"^\W*(?:(?:ok(?:ay)?|alright|thanks?(?: you)?)\W+)*(?:good)?bye\b", FIRM),
    ("intent", "wait", r"\b(?:hold|hang) on\b|\b(?:one|just a|wait a|give me a) (?:moment|second|sec|minute)\b|"
     r"\bhold the line|(?:ज़रा|एक मिनट|एक सेकंड|थोड़ा) (?:रुक|ठहर|होल्ड)|^\W*(?:रुकिए|रुको|rukiye|ruko|wait)\W*$|"
     r"(?:ek|do) (?:minute|second) (?:ruk|hold)|\bhold (?:kar|pe)", FIRM),
    ("intent", "repeat", r"\b(?:say|repeat|explain) (?:that|it|this)?\s*(?:once more|again)|\bcome again\b|\bpardon\b|"
     r"(?:can(?:'?t|not)|could ?n[o']t|did ?n[o']t|hardly) (?:quite )?(?:hear|catch|understand)|"
     r"\bspeak (?:up|louder|slower)|"
     r"(?:फिर से|दोबारा|एक बार और) (?:बोल|कह|बता)|सुनाई नहीं|समझ (?:में )?नहीं आ|"
     r"phir se bol|sunai nahi|samajh nahi aa", FIRM),
    ("intent", "undecided", r"\b(?:think|sleep) (?:about|on|over) it\b|\bneed (?:some )?time to (?:think|decide)|"
     r"\b(?:ask|check with|talk to|talk it over with) my (?:wife|husband|partner|boss|family)|\bnot sure yet\b|"
     r"\b(?:have|had)n'?t decided|सोच(?:ना|ने|कर| के)|(?:पत्नी|पति|घर) (?:से|में|वालों से) (?:पूछ|बात|सलाह)|"
     r"soch(?:na|ne| ke)|(?:wife|husband|ghar) (?:se|pe|mein) (?:puch|baat)", FIRM),
    ("intent", "greeting", r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening)|नमस्ते|हैलो)\W*$", FIRM),
    ("intent", "affirm", r"^\W*(?:yes|yeah|yep|sure|okay|ok|right|correct|हाँ|जी|जी हाँ|ठीक है|haan|theek hai)\W*$", FIRM),
    ("intent", "deny", r"^\W*(?:no|nope|nah|नहीं|जी नहीं|nahi)\W*$", FIRM),
    ("emotion", "angry", r"\b(?:damn|hell|bloody|bullshit|crap|shit|fuck\w*|idiots?|stupid|ridiculous|harass\w*|"
     r"annoy\w*|furious|fed up|sick (?:and tired )?of|sick of|leave me alone|shut up|wast(?:e|ing) (?:of )?my time)\b|"
     r"बकवास|बकवास|तंग आ|परेशान कर|दिमाग (?:खराब|मत)|शर्म नहीं|गुस्सा|bakwas|tang aa", FIRM),
    ("emotion", "happy", r"\b(?:wonderful|fantastic|awesome|amazing|excellent|delighted|brilliant|lovely|"
     r"love (?:it|that|to))\b|बढ़िया|शानदार|बहुत खुश|खुशी|badhiya", SLIGHT),
    ("emotion", "anxious", r"\b(?:worr(?:y|ies|ied)|nervous|scared|afraid|frighten\w*|anxious|panic\w*|emergency)\b|"
     r"चिंता|डर|घबरा|dar lag|tension", FIRM),
    ("emotion", "sad", r"\b(?:passed away|funeral|died|crying|heart ?broken|grieving|sadly|unfortunately|"
     r"disappointed)\b|गुज़र ग|दुखी|उदास|मातम|निराश|udaas", FIRM),
    ("emotion", "confused", r"\b(?:don'?t|didn'?t|do not|did not) (?:quite )?(?:understand|follow|get (?:it|that))|"
     r"\bconfus\w+|\bwhat do you mean|\bmakes no sense|समझ (?:में )?नहीं|समझा नहीं|मतलब क्या|samajh nahi", FIRM),
    ("emotion", "surprised", r"\b(?:wow|oh my god|unbelievable|no way|you'?re kidding|can'?t believe|really\?|"
     r"seriously\?)|यकीन नहीं|विश्वास नहीं|हे भगवान|बाप रे|yakeen nahi", SLIGHT),
)  # fmt: skip
_COMPILED: Final = tuple((question, label, re.compile(rule), odds) for question, label, rule, odds in _RULES)


def leaning(text: str) -> dict[str, dict[str, float]]:
    """Return question → label → log odds that the wordings of a text add."""
    lower = text.lower()
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for question, label, rule, odds in _COMPILED:
        if rule.search(lower):
            found[question][label] = max(odds, found[question].get(label, 0.0))
    return dict(found)
