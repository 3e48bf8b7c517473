"""What a transcript says about something that is only known by its name, as in a JSON schema's properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dialer.sandbox.openai_intents import Intent
from dialer.sandbox.openai_prompt import stems
from dialer.sandbox.openai_times import number
from dialer.sandbox.openai_transcript import QUESTIONS, Told

_OBJECTIONS = {
    Intent.TOO_EXPENSIVE: "too expensive",
    Intent.HAS_ONE: "already has one",
    Intent.THINK: "wants to think about it",
    Intent.CALL_LATER: "no time right now",
    Intent.NOT_INTERESTED: "not interested",
}
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w.+-]+ at [\w-]+ dot \w+\b", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?:[$€£₹]\s?|\b)(\d[\d,.]*|"
    + "|".join(
        ("ten", "twenty", "thirty", "forty", "fifty", "sixty", "eighty", "ninety", "one", "two", "three", "five")
    )
    + r")\s*(hundred|thousand|million|k\b)?\s*(dollars?|euros?|pounds?|rupees?|bucks)?",
    re.IGNORECASE,
)
_SOMEBODY_ELSE = re.compile(r"my (boss|manager|wife|husband|partner)|not the one|someone else decides", re.I)
_I_DECIDE = re.compile(r"\bI decide|\bI(?: am|'m) the (owner|boss|manager)|my decision", re.I)
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")
_YES = re.compile(r"\W*(yes|yeah|yep|sure|of course|i do|we do|i own)\b", re.I)
_NO = re.compile(r"\W*(no|nope|i do not|i don't|we do not|we don't|i rent)\b", re.I)
_EMPTY_STEMS = stems("whether person null people number true false")
_SCALE = {"hundred": 100, "thousand": 1000, "k": 1000, "million": 1_000_000}
_COUNT = re.compile(
    r"\b(\d+|[a-z]+)\s+(?:people|employees|of us|persons|colleagues|users|seats|staff)|(?:are|"
    r"have)\s+(\d+|[a-z]+) of us",
    re.I,
)


class Findings:
    """Finds things in one transcript."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def find(self, name: str, description: str, kinds: tuple[str, ...]) -> Any:
        """What is known about a property called so: text, number, bool or list; None: nothing."""
        told = self._told
        won = told.disposition in ("interested", "transferred")
        rules = (
            (r"disposition|outcome|\bresult", lambda: told.disposition),
            (r"summary|synopsis|recap", lambda: told.summary),
            (r"interest|temperature|lead score", lambda: won if "boolean" in kinds else self._interest()),
            (r"sentiment|mood|emotion|\btone\b", self._sentiment),
            (r"e-?mail", lambda: self._search(_EMAIL)),
            (r"objection|concern|\breason|\bwhy\b", lambda: self._listed(_OBJECTIONS)),
            (r"\bquestion", lambda: self._listed(QUESTIONS)),
            (r"budget|price|amount|spend|\bbill\b|\bpay\b", self._amount),
            (r"\bsize\b|employees|headcount|\bpeople on\b|number of people", self._count),
            (r"decision|decides|authority", lambda: self._decides() if "boolean" in kinds else None),
            (r"opt out|do not call|unsubscribe", lambda: told.disposition == "do_not_call"),
            (r"\bhuman\b|transfer", lambda: Intent.ASKS_HUMAN in told.intents),
            (r"next step|follow.?up|\baction", self._next_step),
            (r"appointment|meeting|\bvisit\b|\bdemo\b", lambda: (told.time or None) if won else None),
            (r"\b(time|when|date|day|callback)\b|\bat$", lambda: told.time or None),
            (r"\blanguage\b", self._language),
        )
        for text in (name, description):
            for pattern, finder in rules:
                if re.search(pattern, text):
                    return finder()
        return None

    def _interest(self) -> str | None:
        return {
            "interested": "high",
            "transferred": "high",
            "callback": "medium",
            "not_interested": "none",
            "do_not_call": "none",
        }.get(self._told.disposition)

    def _sentiment(self) -> str | None:
        if not self._told.person:
            return None
        return {"interested": "positive", "do_not_call": "negative", "not_interested": "negative"}.get(
            self._told.disposition, "neutral"
        )

    def _listed(self, names: Mapping[Intent, str]) -> list[str] | None:
        return [names[intent] for intent in dict.fromkeys(self._told.intents) if intent in names] or None

    def _search(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.search(" ".join(self._told.person))
        return found.group() if found else None

    def _amount(self) -> str | None:
        for words in self._told.person:
            for found in _AMOUNT.finditer(words):
                if found.group(2) or found.group(3) or found.group()[0] in "$€£₹":
                    return found.group().strip()
        return None

    def _count(self) -> int | None:
        for words in self._told.person:
            found = _COUNT.search(words)
            if found and (count := number(found.group(1) or found.group(2))) is not None:
                return count
        return None

    def _decides(self) -> bool | None:
        said = " ".join(self._told.person)
        if _SOMEBODY_ELSE.search(said):
            return False
        return True if _I_DECIDE.search(said) else None

    def _language(self) -> str | None:
        said = " ".join(self._told.person)
        return ("hi" if _DEVANAGARI.search(said) else "en") if said else None

    def replied(self, property_words: str, kinds: tuple[str, ...]) -> bool | str | None:
        """What the person replied to a question that shares words with the property: yes or no, or an amount."""
        topic, question = stems(property_words) - _EMPTY_STEMS, ""
        for who, words in self._told.lines:
            if who == "agent":
                question = next((q for q in re.findall(r"[^.!?]+\?", words) if topic & stems(q)), "")
            elif question:
                if "boolean" in kinds:
                    return True if _YES.match(words) else False if _NO.match(words) else None
                amount = _AMOUNT.search(words)
                return amount.group() if amount else None
        return None

    def _next_step(self) -> str | None:
        at = f" ({self._told.time})" if self._told.time else ""
        return {
            "interested": f"A colleague calls{at}.",
            "callback": f"Call again{at}.",
            "transferred": "A colleague has taken over.",
            "do_not_call": "Never call again.",
            "not_interested": "None.",
        }.get(self._told.disposition)


def as_number(found: Any) -> float | None:
    """The number in a finding such as "5 thousand dollars"; None if there is none."""
    if isinstance(found, bool | list):
        return None
    if isinstance(found, int | float):
        return found
    match = _AMOUNT.search(found)
    if match is None:
        return {"high": 5, "medium": 3, "none": 1}.get(found)
    digits = match.group(1).replace(",", "").rstrip(".")
    value = number(digits) if not digits[0].isdecimal() else float(digits)
    return None if value is None else value * _SCALE.get((match.group(2) or "").lower(), 1)
