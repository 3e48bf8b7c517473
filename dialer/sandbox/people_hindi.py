"""People who speak Hindi. No number has one by chance: pin them."""

from __future__ import annotations

from typing import Final

from dialer.sandbox.people_kinds import ANYTHING, START, Kind, Rule

_GREETING: Final = "हेलो?|हाँ, बोलिए?|नमस्ते, कौन बोल रहा है?"
_GOODBYE: Final = Rule(r"नमस्ते।?\s*$|good ?bye", "नमस्ते।|ठीक है, नमस्ते।", hangs_up=True)
_BYE_AT_ONCE: Final = Rule(ANYTHING, "", hangs_up=True)

HINDI: Final = (
    Kind(
        "hindi_interested",
        0,
        greeting=_GREETING,
        turns={
            START: (Rule(ANYTHING, "हाँ, बोलिए। किस बारे में है?|जी हाँ, बताइए।", "told"),),
            "told": (_GOODBYE, Rule(ANYTHING, "अच्छा। कितना खर्च आएगा?", "priced")),
            "priced": (_GOODBYE, Rule(ANYTHING, "ठीक है, मुझे दिलचस्पी है।", "won")),
            "won": (
                _GOODBYE,
                Rule("दिन|समय", "मंगलवार सुबह दस बजे ठीक रहेगा।", "agreed"),
                Rule(ANYTHING, "हाँ, ज़रूर।"),
            ),
            "agreed": (_GOODBYE, Rule(ANYTHING, "धन्यवाद। नमस्ते।", hangs_up=True)),
        },
        language="hi",
    ),
    Kind(
        "hindi_hums",
        0,
        greeting=_GREETING,
        hums=True,
        turns={
            START: (Rule(ANYTHING, "हाँ, बताइए।", "told"),),
            "told": (_GOODBYE, Rule(ANYTHING, "जी नहीं, मुझे दिलचस्पी नहीं है।", "refused")),
            "refused": (_GOODBYE, Rule(ANYTHING, "नमस्ते।", hangs_up=True)),
        },
        language="hi",
    ),
    Kind(
        "hindi_never_again",
        0,
        greeting=_GREETING,
        turns={
            START: (
                Rule(
                    ANYTHING,
                    "मुझे दोबारा फ़ोन मत कीजिए।|मेरा नंबर अपनी लिस्ट से हटा दीजिए।|आप लोग मुझे कॉल करना बंद कर दीजिए।",
                    "told",
                ),
            ),
            "told": (
                Rule("नहीं आएगी|not be called", "धन्यवाद।", hangs_up=True),
                Rule(ANYTHING, "मैंने कहा ना, फ़ोन मत कीजिए।", "twice"),
            ),
            "twice": (_BYE_AT_ONCE,),
        },
        language="hi",
    ),
    Kind(
        "hindi_wants_human",
        0,
        greeting=_GREETING,
        turns={
            START: (Rule(ANYTHING, "मुझे किसी इंसान से बात करनी है।", "asked"),),
            "asked": (_GOODBYE, Rule(ANYTHING, "", "asked")),
        },
        language="hi",
    ),
)
"""`hindi_interested` asks for the price and agrees on a time; the others are what their names say."""
