"""The kinds of people: what each does when the phone rings, says when it picks up, and answers to what it hears.

A kind is a small table. `turns` maps a state to rules; when the other side has ended a sentence, the first rule whose
`hears` is found in it (case ignored) is followed. Texts with `|` are alternatives, one of which is this person's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Pickup = Literal["answers", "busy", "no-answer", "failed", "refused"]
START = "start"
BYE = r"good ?bye|\bbye\b|have a (nice|good|great) day|thank you for your time"
ANYTHING = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Hears this, says that."""

    hears: str
    says: str = ""
    goes: str = ""
    """The next state; "" stays."""
    presses: str = ""
    hangs_up: bool = False
    connects: str = ""
    """The kind of somebody who comes to the phone next."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of person."""

    name: str
    share: int
    """How many of all numbers are such, in relation to the others' shares."""
    pickup: Pickup = "answers"
    greeting: str = "Hello?|Hello, who is this?|Yes, hello?"
    turns: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    amd: str = "human"
    beeps: bool = False
    """A tone follows the greeting; nobody listens to an answer, so silence ends the call."""
    menu: bool = False
    """Understands keys, as "[1]", and nothing that is said; says its menu twice more, and then hangs up."""
    language: str = "en"
    screens: bool = False
    """Answers for somebody else: after a silence it says what it would say next, and does not wonder who is there."""
    hums: bool = False
    """Says "uh-huh" while the other side speaks."""
    barges_in: str = ""
    """Says this over the other side's second turn."""
    leaves_after_s: float = 150.0
    """Says that they must go, and goes."""
    patience_s: float = 7.0
    """Silence after which they ask whether anybody is there, twice, and then hang up."""

    def rule(self, state: str, heard: str) -> Rule | None:
        """What somebody of this kind, in this state, does on hearing a sentence."""
        rules = self.turns.get(state, ())
        return next((rule for rule in rules if re.search(rule.hears, heard, re.IGNORECASE)), None)

    @property
    def human(self) -> bool:
        """Whether a person comes to the phone."""
        return self.pickup == "answers" and not self.beeps and not self.menu and self.amd == "human"


_GOODBYE = Rule(BYE, "Goodbye.|Bye.|Okay, bye.", hangs_up=True)

_INTERESTED = (
    _GOODBYE,
    Rule(r"\bown (the|your|a) (home|house|place)|homeowner", "Yes, I own it.|Yes, we own the house."),
    Rule(
        r"pay for (electricity|power)|\b(electric(ity)?|power|monthly) bill",
        "About 180 dollars a month.|Around 240 dollars, more in the summer.",
    ),
    Rule(r"how many|employees|people|team|big is", "We are about twenty people.|There are twelve of us."),
    Rule(r"e-?mail|address|send you", "You can send it to me. I am interested."),
    Rule(
        r"what time|which day|when (would|can|should)|meeting|appointment|demo\b|schedule", "Tuesday morning is good."
    ),
    Rule(r"interested|would you like|shall (i|we)|may i|can i|colleague|sound", "Yes, I am interested. Please go on."),
    Rule(r"anything else|other question", "No, that is all. Thank you, goodbye.", hangs_up=True),
)

_TRANSFER = (
    Rule(r"sales team", "Hi, I would like to hear more about your offer.", "through"),
    _GOODBYE,
    Rule(r"sorry|cannot|can't|not available|nobody", "Then have somebody call me. Goodbye.", hangs_up=True),
)


def _interested(*before: Rule) -> dict[str, tuple[Rule, ...]]:
    """States of somebody who, after the given exchanges, is won over and then runs out of things to say."""
    steps = [
        *before,
        Rule(ANYTHING, "Yes, that sounds interesting. Tell me more.|I am interested. Please tell me more."),
        Rule(ANYTHING, "Okay, that sounds good. I am interested.|Good. Yes, I am interested in that."),
        Rule(ANYTHING, "Yes, please do that."),
        Rule(ANYTHING, "Great. Thank you very much, goodbye.", hangs_up=True),
    ]
    turns = {}
    for index, step in enumerate(steps):
        goes = str(index + 1) if index + 1 < len(steps) else ""
        last = Rule(step.hears, step.says, goes, step.presses, step.hangs_up)
        specific = tuple(Rule(r.hears, r.says, goes, r.presses, r.hangs_up) for r in _INTERESTED)
        turns[START if index == 0 else str(index)] = (_GOODBYE, last) if index <= len(before) else (*specific, last)
    return turns


KINDS = (
    Kind("interested", 14, turns=_interested()),
    Kind(
        "curious",
        9,
        turns=_interested(
            Rule(ANYTHING, "Maybe. How much does it cost?|What would that cost me?"),
            Rule(ANYTHING, "I see. And how long does it take to set up?|And how does it work?"),
        ),
    ),
    Kind(
        "callback",
        9,
        turns={
            START: (
                _GOODBYE,
                Rule(
                    ANYTHING,
                    "I am busy right now. Can you call me back on Tuesday at ten?"
                    "|This is a bad time. Please call me back on Tuesday at ten.",
                    "asked",
                ),
            ),
            "asked": (
                _GOODBYE,
                Rule(r"tuesday|ten|call you|again|noted|sure", "Yes, Tuesday at ten is fine. Thank you.", "agreed"),
                Rule(ANYTHING, "Just call me back on Tuesday at ten, please.", "agreed"),
            ),
            "agreed": (Rule(ANYTHING, "Goodbye.", hangs_up=True),),
        },
    ),
    Kind(
        "not_interested",
        10,
        turns={
            START: (_GOODBYE, Rule(ANYTHING, "No thank you, I am not interested.|Sorry, not interested.", "refused")),
            "refused": (_GOODBYE, Rule(ANYTHING, "No, really. I am not interested. Goodbye.", hangs_up=True)),
        },
    ),
    Kind(
        "never_again",
        5,
        turns={
            START: (
                Rule(
                    ANYTHING,
                    "Stop calling me. Take me off your list.|Please do not call me again. Take me off your list.",
                    "told",
                ),
            ),
            "told": (
                Rule(r"not be called|never|removed|won't|will not|" + BYE, "Thank you. Goodbye.", hangs_up=True),
                Rule(ANYTHING, "I said do not call me again.", "told_twice"),
            ),
            "told_twice": (Rule(ANYTHING, "", hangs_up=True),),
        },
    ),
    Kind(
        "presses_nine",
        4,
        turns={
            START: (Rule(ANYTHING, presses="9", goes="pressed"),),
            "pressed": (Rule(ANYTHING, "", hangs_up=True),),
        },
    ),
    Kind(
        "interrupts",
        5,
        barges_in="Sorry, wait a moment. Just tell me what it costs.",
        turns=_interested(Rule(ANYTHING, "Yes, go on.")),
    ),
    Kind("hums", 5, hums=True, turns=_interested(Rule(ANYTHING, "Okay, I am listening."))),
    Kind(
        "wrong_number",
        4,
        turns={
            START: (
                _GOODBYE,
                Rule(ANYTHING, "You have the wrong number. There is nobody of that name here.", "said"),
            ),
            "said": (Rule(ANYTHING, "No problem. Goodbye.", hangs_up=True),),
        },
    ),
    Kind("hangs_up", 4, turns={START: (Rule(ANYTHING, "", hangs_up=True),)}, leaves_after_s=2.5),
    Kind("silent", 3, greeting="", amd="unknown", leaves_after_s=40.0, patience_s=60.0),
    Kind(
        "wants_human",
        5,
        turns={
            START: (_GOODBYE, Rule(ANYTHING, "Can I talk to a real person, please?", "asked")),
            "asked": (
                *_TRANSFER,
                Rule(r"connect|put you through|transfer|moment|colleague now", "", "waits"),
                Rule(ANYTHING, "Yes, please put me through.", "waits"),
            ),
            "waits": (*_TRANSFER, Rule(ANYTHING)),
            "through": (_GOODBYE, Rule(ANYTHING, "Yes, thank you.")),
        },
    ),
    Kind(
        "voicemail",
        7,
        greeting="Hi, you have reached my voicemail. I cannot talk now. Please leave a message after the tone."
        "|The person you are calling is not available. Please leave a message after the beep.",
        amd="machine_start",
        beeps=True,
        leaves_after_s=60.0,
        patience_s=8.0,
    ),
    Kind(
        "screening",
        4,
        greeting="The person you are calling uses call screening. Please state your name and why you are calling.",
        turns={
            START: (Rule(ANYTHING, "Thank you. Please stay on the line.", "asking"),),
            "asking": (Rule(ANYTHING, "This person is not available. Goodbye.", hangs_up=True),),
        },
        screens=True,
        leaves_after_s=30.0,
        patience_s=4.0,
    ),
    Kind(
        "ivr",
        0,  # no private number has one: pin it to a number
        greeting="Thank you for calling Harbor Supplies. For opening hours, press 1. For all other questions, press 2.",
        menu=True,
        turns={
            START: (
                Rule(r"^\[1\]", "We are open from nine to five, Monday to Friday."),
                Rule(
                    r"^\[2\]",
                    "For orders and deliveries, press 1. To speak with somebody at the front desk, press 3.",
                    "questions",
                ),
                Rule(r"^\[", "That is not a valid selection."),
                Rule(ANYTHING),
            ),
            "questions": (
                Rule(r"^\[3\]", "Please hold while I connect you.", connects="interested"),
                Rule(r"^\[", "That is not a valid selection."),
                Rule(ANYTHING),
            ),
        },
        amd="unknown",
        patience_s=5.0,
    ),
    Kind("busy", 3, pickup="busy"),
    Kind("no_answer", 5, pickup="no-answer"),
    Kind("invalid", 2, pickup="refused"),
    Kind("unreachable", 2, pickup="failed"),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
