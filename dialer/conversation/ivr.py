"""Phone menus: what a menu offers, which choice is wanted, and when to stop. Policies without a clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from dialer.agents.menus import Menus
from dialer.conversation import cues, machine
from dialer.languages.base import plain

MENU_OVER_S: Final = 1.2
"""Silence after which a menu has said its choices; between two of them it pauses for less."""
MACHINE_LIKE: Final = 0.4
"""Of `cues.scores`: words that speak so much for a menu are no person's, once a menu was heard."""
OPERATOR: Final = "0"
"""The key that most systems take for "a person, please", tried once where nothing that is offered fits."""

_NUMBERS: Final = MappingProxyType(
    {
        word: str(digit)
        for digit, word in enumerate("zero one two three four five six seven eight nine".split())  # noqa: SIM905
    }
    | {"pound": "#", "hash": "#", "star": "*", "uno": "1", "dos": "2"}
)
_HINDI_DIGITS: Final = (
    *("शून्य,जीरो,shunya", "एक,ek", "दो,do", "तीन,teen", "चार,char"),
    *("पांच,paanch", "छह,छः,chhe", "सात,saat", "आठ,aath", "नौ,nau"),
)
_HINDI_NUMBERS: Final = MappingProxyType(
    {word: str(digit) for digit, said in enumerate(_HINDI_DIGITS) for word in said.split(",")}
    | {"स्टार": "*", "हैश": "#", "पाउंड": "#"}
)
_KEY: Final = r"(?P<key>\d\b|#|\*|" + "|".join(rf"{word}\b" for word in _NUMBERS) + ")"
_PRESS: Final = (
    r"(?:press|push|dial|enter|select|choose|oprima|marque)\s+(?:or say\s+|number\s+|option\s+|the\s+|el\s+)?"
)
_LABEL: Final = r"(?P<label>(?:(?!\b(?:press|push|dial|or press)\b)[^.?!;]){2,90}?)"
_LABEL_FIRST: Final = re.compile(
    rf"(?<!welcome )\b(?:for|to|if|para)\s+{_LABEL},?\s+(?:please\s+|simply\s+|just\s+)?{_PRESS}{_KEY}", re.IGNORECASE
)
_KEY_FIRST: Final = re.compile(
    rf"\b{_PRESS}{_KEY}\s*(?:now\s+)?(?:for|to|if)\s+(?P<label>(?:(?!\b(?:press|push|dial|or)\b)[^.,?!;]){{2,90}})",
    re.IGNORECASE,
)
_LIST: Final = re.compile(rf"(?:^|[.,;]\s*)(?P<label>[a-z][a-z ]{{2,40}}),\s*{_KEY}(?=[.,;]|$)", re.IGNORECASE)
_HINDI: Final = re.compile(
    r"(?P<label>(?:(?!(?:दबा|daba))\S+ ){1,8}?)(?:के लिए|हेतु|ke liye|hetu) (?:कृपया )?"
    rf"(?P<key>\d|{'|'.join(_HINDI_NUMBERS)}) (?:नंबर )?(?:दबा|daba)\S*"
)
"""Of plain words (`dialer.languages.base.plain`)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a menu offers behind a key."""

    key: str
    label: str


def read(words: str) -> tuple[Choice, ...]:
    """Find what a menu offers: "for sales, press 1", "press 1 for sales", "sales, 1", "बिक्री के लिए 1 दबाएँ".

    In the order in which it does. Hindi labels are plain words.
    """
    if hindi := list(_HINDI.finditer(plain(words))):
        return tuple(Choice(_key(match["key"]), match["label"].strip()) for match in hindi)
    label_first = list(_LABEL_FIRST.finditer(words))
    key_first = list(_KEY_FIRST.finditer(words))
    if key_first and (not label_first or key_first[0].start() < label_first[0].start()):
        found = key_first
    else:
        found = label_first or list(_LIST.finditer(words))
    choices = {_key(match["key"]): " ".join(match["label"].lower().split()) for match in reversed(found)}
    return tuple(Choice(key, label) for key, label in reversed(choices.items()))


def choose(choices: Sequence[Choice], wants: Sequence[str]) -> Choice | None:
    """Take the offered choice that is wanted most, or none."""
    for want in wants:
        for choice in choices:
            if re.search(rf"\b{re.escape(want.lower())}|(?<!\S){re.escape(plain(want))}", choice.label):
                return choice
    return None


def _key(written: str) -> str:
    return _NUMBERS.get(written.lower()) or _HINDI_NUMBERS.get(written, written)


class Do(Enum):
    """What to do in a menu."""

    WAIT = "wait"
    PRESS = "press"
    ASK = "ask"
    """Ask the model which key."""
    TALK = "talk"
    """A person has come."""
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, and what it goes by."""

    do: Do
    key: str = ""
    why: str = ""


class Navigator:
    """Finds the way through one call's menus. Times come in as arguments, on the loop's clock, in seconds."""

    __slots__ = ("_began_s", "_heard", "_heard_s", "_menus", "_past_menu", "_presses", "_tried_operator")

    def __init__(self, menus: Menus, now: float) -> None:
        self._menus = menus
        self._began_s = now
        self._heard: list[str] = []
        self._heard_s = now
        self._presses = 0
        self._past_menu = False
        """Whether a person may follow: a key was pressed, or the system said that somebody comes."""
        self._tried_operator = False

    def heard(self, words: str, now: float) -> None:
        """The system, or whoever comes after it, has said this."""
        self._heard.append(words)
        self._heard_s = now

    def step(self, now: float, *, last_voice_s: float) -> Step:
        """Decide, if it is time to."""
        if now - self._began_s >= self._menus.max_s:
            return Step(Do.GIVE_UP, why=f"{self._menus.max_s} s in menus")
        if not self._heard or now - max(self._heard_s, last_voice_s) < MENU_OVER_S:
            return Step(Do.WAIT)
        words = " ".join(self._heard)
        self._heard.clear()
        if choices := read(words):
            return self._choose(choices, words)
        if machine.asks_to_wait(words):
            self._past_menu = True
            return Step(Do.WAIT)
        if cues.scores(words)["ivr"] >= MACHINE_LIKE or not self._past_menu:
            return Step(Do.WAIT)
        return Step(Do.TALK, why=words)

    def pressed(self) -> None:
        """Keys were pressed."""
        self._presses += 1
        self._past_menu = True

    def undecided(self) -> Step:
        """The model knows no key either."""
        if self._tried_operator:
            return Step(Do.GIVE_UP, why="no choice fits")
        self._tried_operator = True
        return Step(Do.PRESS, OPERATOR, "no choice fits")

    def _choose(self, choices: Sequence[Choice], words: str) -> Step:
        if self._presses >= self._menus.max_presses:
            return Step(Do.GIVE_UP, why=f"{self._presses} presses")
        choice = choose(choices, self._menus.wants)
        if choice is not None:
            return Step(Do.PRESS, choice.key, choice.label)
        return Step(Do.ASK, why=words) if self._menus.ask_model else self.undecided()
