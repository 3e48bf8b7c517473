"""Reads a sales agent's system prompt for what can be told to a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from dialer.sandbox.openai_times import present

_NAME = re.compile(r"\b(?:You are|Your name is|I am|named)\s+((?!an?\b|the\b)[^\W\d_][\w'-]*(?: [A-Z][\w'-]*)?)")
_SELLER = re.compile(
    r"\b(?:on behalf of|calling (?:for|from)|work(?:ing)? for|assistant (?:of|for|from)|seller is|company is|"
    r"seller:|company:)\s*([A-Z0-9][^.,;\n]*)"
)
_GOAL = re.compile(r"\bgoal(?: is|:)\s*(?:to\s+)?([^\n]+)", re.IGNORECASE)
_KNOWS = re.compile(
    r"(?:what you know|script|knowledge|facts|about the product)[^\n:]*:\s*(.*?)(?:\n\s*\nabout the person|\nabout "
    r"the person|\nthe person's local|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_INSTRUCTION = re.compile(
    r"^\W*(?:ask|offer|if|when|never|do not|don't|always|keep|be|say|tell|explain|mention|find|try|start|begin|end|"
    r"close|then|first|make|use|answer|listen|agree|book|only|you|your|greet|introduce|confirm|propose|suggest|thank|accept)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_MONEY = re.compile(
    r"[$€£₹]|\b(?:dollars?|euros?|pounds?|rupees?|price|prices|costs?|per month|a month|free|fee)\b", re.I
)
_SOURCE = re.compile(
    r"\b(?:signed up|consent|your number|got the number|contact list|registered|enquir|inquir|requested)", re.I
)
_DURATION = re.compile(r"\b(?:minute|hour|day|week|month|year)s\b", re.IGNORECASE)
_COMMON_TEXT = (
    "what that this with have your does will would there about from they much many long very when where which take "
    "work how you are the and for can did get"
)
_COMMON = frozenset(_COMMON_TEXT.split())


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the agent knows: who it is, for whom it calls, what it may tell, what time it is for the person."""

    name: str
    seller: str
    goal: str
    facts: tuple[str, ...]
    """Sentences that state something, instructions left out."""
    now: datetime | None

    @classmethod
    def read(cls, text: str) -> Prompt:
        """Read a prompt of any wording; what is not found gets a neutral word."""
        name, seller, goal, knows = (p.search(text) for p in (_NAME, _SELLER, _GOAL, _KNOWS))
        sentences = _SENTENCE.split(knows.group(1)) if knows else []
        stated = tuple(s.strip(" -*\t") for s in sentences if s.strip() and not _INSTRUCTION.match(s))
        return cls(
            name=name.group(1) if name else "your assistant",
            seller=seller.group(1).strip() if seller else "our company",
            goal=goal.group(1).strip().rstrip(".") if goal else "",
            facts=tuple(s if s[-1] in ".!?" else f"{s}." for s in stated if not s.endswith("?")),
            now=present(text),
        )

    def pitch(self) -> str:
        """What it is about, in a sentence."""
        plain = [fact for fact in self.facts if not _MONEY.search(fact)]
        return (plain or self.facts or (f"I am calling for {self.seller} about an offer that may suit you.",))[0]

    def more(self, said: str) -> str:
        """Something that was not said yet, or the pitch."""
        return next((fact for fact in self.facts if fact not in said), self.pitch())

    def price(self) -> str:
        """What is known about the price; "" if nothing."""
        return next((fact for fact in self.facts if _MONEY.search(fact)), "")

    def source(self) -> str:
        """What is known about where the number comes from; "" if nothing."""
        return next((fact for fact in self.facts if _SOURCE.search(fact)), "")

    def about(self, question: str) -> str:
        """The fact that has most of the question's words; "" if none has any."""
        if re.search(r"how (long|soon|fast|quick)", question, re.IGNORECASE):
            return next((fact for fact in self.facts if _DURATION.search(fact)), "")
        wanted = _stems(question)
        best = max(self.facts, key=lambda fact: len(wanted & _stems(fact)), default="")
        return best if wanted & _stems(best) else ""


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return {word[:5] for word in words if word not in _COMMON and len(word) > 2}
