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
    r"close|then|first|make|use|answer|listen|agree|book|only|you|your|greet|introduce|confirm|propose|"
    r"suggest|thank|accept|let|repeat|otherwise|what you)\b|\b(?:they|them|end the call|the person)\b",
    re.IGNORECASE,
)
_IF_ASKED = re.compile(
    r"^\W*(?:if|when) (?:they|the person|somebody|someone|people) asks? (?:about |for )?([^:,]+)[:,] (.+)", re.I
)
_ASK = re.compile(
    r"^\W*(?:then |first |also )?ask (?:first |roughly |also |them )*(whether|if|what|how|when|who) ([^.]+)", re.I
)
_OFFER = re.compile(
    r"\b(?:agree on|book|arrange|schedule|set up|offer)(?: them)? (?:a day and time for |a time for )?"
    r"(an? (?!next |day|time)[^,.;:]+?)(?: (?:with|by|on|in|at) [^,.;:]+)?(?:[,.;:]|$)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_MONEY = re.compile(
    r"[$€£₹]|\b(?:dollars?|euros?|pounds?|rupees?|price|prices|costs?|per month|a month|free|fee)\b", re.I
)
_SOURCE = re.compile(
    r"\b(?:signed up|consent|your number|got the number|contact list|registered|enquir|inquir|requested)", re.I
)
_DURATION = re.compile(
    r"\b(?:\d+|an?|one|two|three|four|five|six|ten|twelve|\w+ty|\w+teen|few|several) "
    r"(?:minute|hour|day|week|month)s?\b",
    re.IGNORECASE,
)
_QUESTIONS_AT_MOST = 2
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
    answers: tuple[tuple[str, str], ...]
    """(topic, what to say if somebody asks about it)."""
    questions: tuple[str, ...]
    """What the agent is to find out, as questions to the person."""
    offer: str
    """What the goal is to agree on, as in "a free home visit"; "" if it names nothing."""
    now: datetime | None

    @classmethod
    def read(cls, text: str) -> Prompt:
        """Read a prompt of any wording; what is not found gets a neutral word."""
        name, seller, goal, knows = (p.search(text) for p in (_NAME, _SELLER, _GOAL, _KNOWS))
        lines = knows.group(1).splitlines() if knows else []
        asked = [found.groups() for line in lines if (found := _IF_ASKED.match(line)) and "use the tool" not in line]
        sentences = [s.strip(" -*\t") for line in lines if not _IF_ASKED.match(line) for s in _SENTENCE.split(line)]
        stated = [s for s in sentences if s and not _INSTRUCTION.search(s) and not s.endswith(("?", ":"))]
        offer = _OFFER.search(goal.group(1)) if goal else None
        return cls(
            name=name.group(1) if name else "your assistant",
            seller=seller.group(1).strip() if seller else "our company",
            goal=goal.group(1).strip().rstrip(".") if goal else "",
            facts=tuple(_sentence(s) for s in stated),
            answers=tuple((topic, _sentence(_SENTENCE.split(words)[0])) for topic, words in asked),
            questions=tuple(_question(*found.groups()) for s in sentences if (found := _ASK.match(s)))[
                :_QUESTIONS_AT_MOST
            ],
            offer=offer.group(1) if offer else "",
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
        told = [fact for topic, fact in self.answers if _MONEY.search(topic)]
        return next((fact for fact in (*told, *self.facts) if _MONEY.search(fact)), "")

    def source(self) -> str:
        """What is known about where the number comes from; "" if nothing."""
        return next((fact for fact in self.facts if _SOURCE.search(fact)), "")

    def about(self, question: str) -> str:
        """The fact that has most of the question's words; "" if none has any."""
        if re.search(r"how (long|soon|fast|quick)", question, re.IGNORECASE):
            return next((fact for fact in self.facts if _DURATION.search(fact)), "")
        wanted = stems(question)
        told = next((fact for topic, fact in self.answers if wanted & stems(topic)), "")
        if told:
            return told
        best = max(self.facts, key=lambda fact: len(wanted & stems(fact)), default="")
        return best if wanted & stems(best) else ""


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.!?' else '.'}"


def _question(word: str, clause: str) -> str:
    """Turn "ask whether they own the home" into "Do you own the home?"."""
    clause = re.sub(r"\s*\([^)]*\)", "", clause).strip()
    verb = clause.removeprefix("they ")
    said = re.sub(r"\btheir\b", "your", re.sub(r"\bthey\b", "you", verb))
    if verb == clause:
        return f"Could you tell me {word.lower()} {said}?"
    return f"Do you {said}?" if word.lower() in ("whether", "if") else f"{word.capitalize()} do you {said}?"


def stems(text: str) -> set[str]:
    """The content words of a text, cut to five letters, so that "costs" meets "cost"."""
    words = re.findall(r"[a-z]+", text.lower())
    return {word[:5] for word in words if word not in _COMMON and len(word) > 2}
