"""Whether somebody asks not to be called again, decided outside the language model.

Fails towards the person: a phrase that may mean it counts, except where it plainly means something else ("don't call me
before five" asks for another time, not for none).
"""

from __future__ import annotations

import re
from typing import Final

_DONT: Final = r"(?:do\s?n[o']?t|do not|never|no longer|not to)"
_CALL: Final = r"(?:call|phone|ring|contact|dial|bother|text|reach out to)"
_ME: Final = r"(?:me|us|my|this|here|back|again|any\s?more)"
_CALLS: Final = r"(?:phone |sales |marketing |telemarketing )?calls?"

_WANTS_OUT: Final = re.compile(
    "|".join(
        (
            rf"\b{_DONT} (?:you |ever |dare |please |want you to ){{0,3}}{_CALL}(?:ing)? {_ME}\b",
            rf"\b{_DONT} want (?:you |anyone |anybody |you guys |you people )(?:to )?(?:ever )?{_CALL}(?:ing)?\b",
            rf"\b{_DONT} want (?:to (?:get|receive|have) )?(?:any |more |these |your |such ){{1,2}}{_CALLS}\b",
            rf"\b{_DONT} want to be (?:called|contacted|phoned|bothered)\b",
            rf"\b(?:stop|quit|cease) (?:\w+ )?{_CALL}ing\b",
            rf"\bno more {_CALLS}\b",
            r"\b(?:take|remove|delete|get|scrub|drop|erase|strike) "
            r"(?:me|us|my (?:phone )?(?:number|name|details)|this (?:phone )?number) (?:off|from|out of)\b",
            r"\b(?:remove|delete|erase) (?:me|my (?:phone )?number)\b(?! (?:to|in))",
            r"\bunsubscribe\b",
            r"\bopt(?:ing)?(?: |-)?(?:me |us )?out\b",
            r"\bdo(?: |-)not(?: |-)call (?:list|registry|register)\b",
            r"\blose (?:my|this) number\b",
            r"\b(?:leave|let) (?:me|us) alone\b",
            rf"\bnever {_CALL}\b",
            r"\b(?:revoke|withdraw) (?:my )?consent\b",
            # Hindi, in Latin letters and in Devanagari
            r"\b(?:phone|call|fon|kaal) (?:mat|na|nahin?|nahi) (?:kar|kij)",
            r"\b(?:dobara|dubara|phir|aage) (?:se )?(?:phone|call|fon) (?:mat|na|nahin?|nahi)\b",
            r"\b(?:call|phone|fon) (?:karna )?band kar",
            r"\b(?:mera|yeh|ye) number (?:list se )?(?:hata|nikal|nikaal|delete)",
            r"(?:फ़ोन|फोन|कॉल|काल) (?:मत|न|ना|नहीं) (?:कर|कीजि)",
            r"(?:फ़ोन|फोन|कॉल) (?:करना )?बंद (?:कर|कीजि)",
            r"नंबर (?:लिस्ट से )?(?:हटा|निकाल)",
        )
    )
)
_ANOTHER_TIME: Final = re.compile(
    rf"\b{_CALL}(?:ing)? (?:me |us |here |back )?(?:on )?(?:today|tomorrow|tonight|right now|now|just now|at |before|"
    r"after|until|till|between|during|while|when|in the (?:morning|afternoon|evening)|"
    r"this (?:morning|afternoon|evening|week)|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|on weekends|so (?:early|late)|(?:too|that) (?:early|late)|"
    r"on my (?:work|other|cell|mobile|office)|by (?:my )?(?:first )?name|sir\b|ma'?am\b|names\b)"
)
_FOR_GOOD: Final = re.compile(
    r"\b(?:again|any ?more|ever|never|list|remove|unsubscribe|opt|stop|quit|no more|lose|consent|alone)\b"
)
_DENIED: Final = re.compile(
    rf"\b(?:{_DONT}|no need to|didn't|not) (?:\w+ )?(?:\w+ )?"
    r"(?:(?:stop|quit) calling|remove|take me off|opt(?:ing)?(?: |-)?out|unsubscribe|lose my number|leave me alone)"
)
_HOW_CALLED: Final = re.compile(r"\b(?:never|don't|do not) (?:\w+ )?call(?:ed)? (?:it|that|them|him|her)\b")


def wants_out(words: str) -> bool:
    """Whether these words ask for no more calls."""
    said = " ".join(words.replace("\u2019", "'").lower().replace(",", " ").split())
    if not _WANTS_OUT.search(said) or _DENIED.search(said):
        return False
    if _ANOTHER_TIME.search(said) and not _FOR_GOOD.search(said):
        return False
    return not (_HOW_CALLED.search(said) and not _FOR_GOOD.search(said.replace("never", "")))
