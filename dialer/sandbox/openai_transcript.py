"""A finished call's transcript, and what the rules of the sandbox's language model read in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from dialer.sandbox.openai_intents import Intent, understand
from dialer.sandbox.openai_times import phrase

_LINE = re.compile(
    r"^\W*(?:\[?[\d:. ]+s?\]?\s*)?(agent|assistant|person|user|callee|customer|"
    r"lead)\s*:\s*(.*)$",
    re.IGNORECASE,
)
_AGENTS = ("agent", "assistant")
QUESTIONS = {
    Intent.ASKS_PRICE: "the price",
    Intent.ASKS_WHAT: "how it works",
    Intent.ASKS_WHO: "who is calling",
    Intent.ASKS_SOURCE: "where the number came from",
    Intent.ASKS_ROBOT: "whether this is a robot",
    Intent.ASKS: "more details",
}
"""What the questions are about."""
_SUMMARIES = {
    "do_not_call": "The person does not want to be called again.",
    "wrong_number": "The number belongs to somebody else.",
    "voicemail": "A voicemail answered.",
    "screened": "A call screening service answered.",
    "transferred": "The person asked for a human and was connected to a colleague.",
    "callback": "The person asked to be called at another time.",
    "interested": "The person is interested.",
    "not_interested": "The person is not interested.",
    "silence": "Nobody said anything.",
    "hung_up": "The person ended the call before it came to a result.",
}


@dataclass(frozen=True)
class Told:
    """Who said what."""

    lines: tuple[tuple[str, str], ...]
    """(agent or person, words)."""

    @classmethod
    def read(cls, transcript: str) -> Told:
        """Read a transcript; other lines are passed over."""
        found = (_LINE.match(line) for line in transcript.splitlines())
        return cls(tuple(("agent" if m[1].lower() in _AGENTS else "person", m[2].strip()) for m in found if m))

    @cached_property
    def person(self) -> tuple[str, ...]:
        """What the person said, by turns."""
        return tuple(words for who, words in self.lines if who == "person" and words)

    @cached_property
    def agent(self) -> str:
        """All that the agent said."""
        return " ".join(words for who, words in self.lines if who == "agent")

    @cached_property
    def intents(self) -> tuple[Intent, ...]:
        """What each of the person's turns meant."""
        return tuple(understand(words) for words in self.person)

    @cached_property
    def disposition(self) -> str:
        """What came of the call."""
        for intent, name in (
            (Intent.OPT_OUT, "do_not_call"),
            (Intent.WRONG_NUMBER, "wrong_number"),
            (Intent.SCREENING, "screened"),
            (Intent.VOICEMAIL, "voicemail"),
        ):
            if intent in self.intents:
                return name
        if Intent.ASKS_HUMAN in self.intents and re.search(r"connect you|put you through|transfer", self.agent):
            return "transferred"
        decisive = {
            Intent.NOT_INTERESTED: "not_interested",
            Intent.CALL_LATER: "callback",
            Intent.INTERESTED: "interested",
            Intent.SEND_MAIL: "interested",
        }
        said = [decisive[intent] for intent in self.intents if intent in decisive]
        if said:
            return said[-1]
        if self._agreed:
            return "interested"
        if any(intent is Intent.NO for intent in self.intents):
            return "not_interested"
        return "hung_up" if self.person else "silence"

    @cached_property
    def _agreed(self) -> bool:
        """Whether the person said yes to an offer."""
        offered = False
        for who, words in self.lines:
            if who == "agent":
                offered = bool(re.search(r"would you like|shall (i|we)|interested|suit you", words, re.IGNORECASE))
            elif offered and (understand(words) is Intent.YES or phrase(words)):
                return True
        return False

    @cached_property
    def time(self) -> str:
        """The last day or time that the person named, as said."""
        return next((said for words in reversed(self.person) if (said := phrase(words))), "")

    @cached_property
    def summary(self) -> str:
        """One or two true sentences."""
        first = _SUMMARIES[self.disposition]
        asked = [QUESTIONS[intent] for intent in dict.fromkeys(self.intents) if intent in QUESTIONS]
        more = []
        if self.time and self.disposition in ("callback", "interested"):
            more.append(f"named {self.time} as a time")
        if asked:
            more.append(f"asked about {' and '.join(asked)}")
        return f"{first} They {' and '.join(more)}." if more else first
