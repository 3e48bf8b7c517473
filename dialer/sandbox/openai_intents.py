"""What people mean, by the words they use. First match wins: what matters most comes first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Intent(StrEnum):
    """What somebody on the phone wants to say."""

    OPT_OUT = "opt_out"
    WRONG_NUMBER = "wrong_number"
    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    UNCLEAR = "unclear"
    ASKS_HUMAN = "asks_human"
    ASKS_ROBOT = "asks_robot"
    ASKS_SOURCE = "asks_source"
    NOT_INTERESTED = "not_interested"
    CALL_LATER = "call_later"
    ASKS_PRICE = "asks_price"
    TOO_EXPENSIVE = "too_expensive"
    HAS_ONE = "has_one"
    SEND_MAIL = "send_mail"
    THINK = "think"
    INTERESTED = "interested"
    ASKS_WHO = "asks_who"
    ASKS_WHAT = "asks_what"
    GOODBYE = "goodbye"
    PRESENT = "present"
    REPEAT = "repeat"
    ASKS = "asks"
    NO = "no"
    YES = "yes"
    GREETING = "greeting"
    OTHER = "other"


_A_MACHINE = r"(an? )?(real|human|robot|bot|machine|computer|ai\b|recording|automated)"
_MEANINGS: Mapping[Intent, tuple[str, ...]] = {
    Intent.OPT_OUT: (
        "(stop|quit) (calling|phoning|bothering)",
        "(never|n't|not|no longer) (want you to )?(call|phone|ring|contact|bother)( (me|us|here))? (again|any ?more)",
        "never (call|phone|contact)",
        r"(do not|don't|never) (ever )?(call|phone|contact)( (me|us|here))?\W*$",
        "(take|remove|delete) (me|us|my (name|number)|this number)",
        "(erased?|removed|deleted) from",
        "never want to hear from",
        "off (your|the|this) list",
        "unsubscribe",
        "no more calls",
        "opt(ing)? out",
        "leave me alone",
        "(फोन|फ़ोन|कॉल) (मत|न|ना) (कर|कीजि)",
        "(फोन|फ़ोन|कॉल) करना बंद",
        "नंबर .{0,20}(हटा|निकाल)",
    ),
    Intent.WRONG_NUMBER: (
        "wrong (number|person)",
        "(nobody|no one|no-one) (of|by|with|called|here)",
        r"there is no \w+ here",
        "no such person",
        "(doesn't|does not) (live|work) here",
        "(ग़लत|गलत) नंबर",
        "इस नाम का कोई नहीं",
    ),
    Intent.VOICEMAIL: (
        "leave (a|your|me a) (message|name)",
        "after the (tone|beep)",
        "voicemail",
        "reached the mailbox",
    ),
    Intent.SCREENING: (
        "state your name",
        "screening",
        "reason for (your|the) call",
        "why you are calling",
        "before i connect",
    ),
    Intent.UNCLEAR: (
        r"^\W*$",
        r"\[speech [\d.]+ seconds?\]",
    ),
    Intent.ASKS_HUMAN: (
        "(talk|speak) (to|with) (a|an|some|your|the) ?(real|human|actual|live|person|one|body)",
        "(talk|speak) (to|with) (a|an|your|the) (manager|boss|representative|agent|colleague)",
        "put me through",
        "transfer me",
        "connect me",
        "real person",
        "human being",
        "(इंसान|आदमी|किसी) से बात",
    ),
    Intent.ASKS_ROBOT: (
        rf"(are you|is this|is that) (really |actually |just )?{_A_MACHINE}",
        rf"am i (talking|speaking) (to|with) {_A_MACHINE}",
    ),
    Intent.ASKS_SOURCE: (
        "(how|where) (did|do|have) you (get|got|find|have|take) (my|this|our)",
        "who gave you (my|this)",
    ),
    Intent.NOT_INTERESTED: (
        "not (really |at all |that )?interested",
        "no interest",
        "no,? thank",
        "(don't|do not) (need|want) (it|any|that|this|one|anything)",
        "not for (me|us)",
        "no need",
        "दिलचस्पी नहीं",
        "(मुझे|हमें)? ?नहीं चाहिए",
    ),
    Intent.CALL_LATER: (
        "call (me |us )?(back|again|later|on|at|tomorrow|next|in an?)",
        "(try|phone|ring) (me |us )?(again|later|back|tomorrow|on)",
        "(bad|not a good|another|better|different) time",
        "(i am|i'm|we are|we're|quite|too|very|bit) (very |a bit |quite |so )?busy",
        "in a meeting",
        "driving",
        "at work right now",
        "not (right )?now",
        "have somebody call me",
        "बाद में (फोन|फ़ोन|कॉल|बात)",
        "(अभी|इस समय) (मैं )?(व्यस्त|मीटिंग|गाड़ी|बात नहीं)",
    ),
    Intent.ASKS_PRICE: (
        "how much",
        "(what|which).{0,25}(price|cost|charge|fee|rate)",
        "what it costs",
        "(कितने|कितना) (का|की|के|पैसे|खर्च|में|लगेंगे)",
        "(दाम|कीमत|क़ीमत) क्या",
        "price",
        "do(es)? (it|that|this) cost",
    ),
    Intent.TOO_EXPENSIVE: (
        "expensive",
        "too much money",
        "can(no|')t afford",
        "no budget",
        "over our budget",
    ),
    Intent.HAS_ONE: (
        "already (have|got|use|using|work)",
        "have (got )?one already",
        "(happy|satisfied) with (our|my|what)",
    ),
    Intent.INTERESTED: (
        "interest(ed|ing)",
        "sounds (good|great|nice|fine)",
        "sign me up",
        "let's do",
        "i('d| would) (like|love)",
        "tell me more",
        "hear more",
        "please go on",
        "go on",
        "yes,? please",
        r"please do\b(?!n't| not)",
        "great idea",
        "good idea",
        "count me in",
        "दिलचस्पी है",
        "अच्छा लग(ा|ता|रहा)",
        "और बताइए",
    ),
    Intent.SEND_MAIL: (
        "send (me|us|it|that|something|some|an|the)",
        "e-?mail me",
        "by e-?mail",
        "in writing",
    ),
    Intent.THINK: (
        "think (about|it over)",
        "talk to my",
        "discuss (it|this|that)",
        "not sure",
        "need (some )?time",
    ),
    Intent.ASKS_WHO: (
        "who (is|are|am) (this|you|calling|that|i)",
        "who's (this|calling|that|there)",
        "(which|what) company",
        "your name",
        "where are you calling from",
        "(आप )?कौन (हैं|बोल|है)",
        "कहाँ से (बोल|फोन|फ़ोन)",
        "who do you work for",
    ),
    Intent.ASKS_WHAT: (
        "what('s| is| are| do| does) (it|this|that|you|the|your)",
        "what.{0,15}about",
        "how (does|do|would) (it|this|that|you)",
        "what do you (want|sell|offer)",
        "explain",
        "why (are you|do you) call",
        "what for",
        "tell me (about|what)",
    ),
    Intent.GOODBYE: (
        "good ?bye",
        r"\bbye\b",
        "have (a|to) (nice|good|great|go)",
        "take care",
        "that is all",
        "that's all",
        "hang up",
        r"^\W*(नमस्ते|धन्यवाद|शुक्रिया)\W*(नमस्ते)?\W*$",
    ),
    Intent.PRESENT: (
        "(anybody|anyone|somebody|still) there",
        "can you hear me",
        "are you there",
    ),
    Intent.REPEAT: (
        r"(can|could|would) you (please )?(repeat|say)",
        r"say (that|it) again",
        r"^\W*(pardon|what|sorry)\W*$",
        r"did(n't| not) (hear|catch|understand|get) (you|that)",
    ),
    Intent.ASKS: (r"\?\s*$",),
    Intent.NO: (
        r"^(no|nope|nah|not really)\b",
        "(don't|do not) think so",
        "rather not",
        "never mind",
        r"^\W*(नहीं|जी नहीं)(?=\W|$)",
    ),
    Intent.YES: (
        r"^\W*(yes|yeah|yep|yup|sure|ok|okay|of course|certainly|fine|alright|all right|right|correct|go ahead)\b",
        r"^\W*(good|great|perfect|uh-huh|mm-hmm|please|why not|maybe|i see|thank)\b",
        r"^\W*(हाँ|हां|जी|ठीक है|अच्छा|बिल्कुल|ज़रूर)",
    ),
    Intent.GREETING: (r"^(hello|hi|hey|good (morning|afternoon|evening)|speaking|this is)\b",),
}
"""Ways to say it, as regular expressions."""
_COMPILED = {intent: re.compile("|".join(ways), re.IGNORECASE) for intent, ways in _MEANINGS.items()}
_ONLY_GREETING = re.compile(
    r"^\W*(yes|yeah|hi|hey)?\W*(hello|hi|hey|good (morning|afternoon|evening)|speaking)\W*$", re.I
)


def understand(words: str) -> Intent:
    """What is meant by what was said in one turn."""
    said = words.replace("’", "'").strip()  # noqa: RUF001 - recognizers write both apostrophes
    if _ONLY_GREETING.match(said):
        return Intent.GREETING
    return next((intent for intent, pattern in _COMPILED.items() if pattern.search(said)), Intent.OTHER)
