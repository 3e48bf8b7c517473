"""What was said so far: for the model as messages, for the database as turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from dialer.conversation import masking
from dialer.conversation.facts import Briefing, Fact, Hand, Passage, Reply, Speaker, TurnFinished, TurnMasked
from dialer.conversation.spending import AGENTS, PERSONS, Spent
from dialer.llm.base import Message, ToolCall

PRESSED: Final = "[pressed keys] "
"""Written before keys, so that a model tells them from words."""
SOURCE_CHARACTERS: Final = 160
"""Of a passage's text, kept with the turn: enough to know it again when the document is gone."""


@dataclass(slots=True)
class Transcript:
    """One call's turns. Facts go to the database as they happen and nothing here waits for it."""

    hand: Hand
    system: str
    on_lost: Callable[[], None]
    """Called when the database says that this seat has lost the call."""
    messages: list[Message] = field(default_factory=list)
    began_s: float = 0.0
    number: int = 0
    person_turns: int = 0
    note: str = ""
    """What the model is told of how the person seems to feel."""
    noticed: str = ""
    """The next note. It counts from the agent's next turn on: an answer in the making is not asked for again."""
    epoch: int = 0
    """The seat's."""
    said: list[tuple[int, int, int]] = field(default_factory=list)
    """The person's turns: the epoch and number under which each is stored, and its place among the messages."""
    sources: dict[int, Passage] = field(default_factory=dict)
    """What the model has before it for the turn that comes, by chunk."""
    spent: Spent = field(default_factory=Spent)

    @classmethod
    def begin(cls, briefing: Briefing, hand: Hand, system: str, on_lost: Callable[[], None]) -> Transcript:
        """Begin, or go on where another seat left off."""
        transcript = cls(hand, system, on_lost, number=len(briefing.past), epoch=briefing.epoch)
        for turn in briefing.past:
            if turn.speaker is Speaker.PERSON:
                transcript.said.append((turn.epoch, turn.number, len(transcript.messages)))
            transcript.messages.append(Message("assistant" if turn.speaker is Speaker.AGENT else "user", turn.text))
        return transcript

    def prompt(self) -> list[Message]:
        """Return the whole conversation, the system prompt first."""
        system = f"{self.system}\n\nHow they are now: {self.note}" if self.note else self.system
        return [Message("system", system), *self.messages]

    @property
    def asked(self) -> str:
        """What the agent said last; "" if it has said nothing yet."""
        said = (message.text for message in reversed(self.messages) if message.role == "assistant" and message.text)
        return next(said, "")

    def person(self, text: str, *, started_s: float, ended_s: float, kind: str = "talk") -> None:
        """The person finished a turn: spoke it, or pressed it (kind "digits").

        A card number that ends here is masked in the turns in which it began, too.
        """
        text = self._masked(masking.mask(text, self.asked))
        self.person_turns += 1
        self.said.append((self.epoch, self.number + 1, len(self.messages)))
        self.messages.append(Message("user", f"{PRESSED}{text}" if kind == "digits" else text))
        self._turn(Speaker.PERSON, text, started_s, ended_s, kind=kind)

    def agent(
        self,
        text: str,
        *,
        started_s: float,
        ended_s: float,
        kind: str,
        interrupted: bool,
        timings_ms: Mapping[str, float],
    ) -> None:
        """The agent finished a turn, of which `text` was heard."""
        self.note = self.noticed
        if text:
            self.messages.append(Message("assistant", text))
        sources: tuple[Passage, ...] = ()
        if kind == "talk":
            sources = tuple(self.sources.values())
            self.sources.clear()
        self._turn(
            Speaker.AGENT,
            text,
            started_s,
            ended_s,
            kind=kind,
            interrupted=interrupted,
            timings_ms=timings_ms,
            sources=sources,
        )

    def _masked(self, text: str) -> str:
        past = [self.messages[at].text for *_, at in self.said]
        turns = masking.over_turns([said.removeprefix(PRESSED) for said in past], text)
        if turns is None:
            return text
        for (epoch, number, at), before, after in zip(self.said, past, turns[:-1], strict=True):
            if not before.endswith(after):
                self.messages[at] = replace(self.messages[at], text=after)
                self.post(TurnMasked(epoch, number, after))
        return turns[-1]

    def tool(self, call: ToolCall, result: str, *, ok: bool = True) -> None:
        """The model used a tool and was told `result`; `ok` says whether it could be done."""
        self.messages.append(Message("assistant", tool_calls=(call,)))
        self.messages.append(Message("tool", result, tool_call_id=call.id, ok=ok))

    def known(self, passages: Iterable[Passage]) -> None:
        """The model has these passages before it as it writes the agent's next turn."""
        for passage in passages:
            self.sources[passage.chunk_id] = replace(passage, text=passage.text[:SOURCE_CHARACTERS])

    def forget_sources(self) -> None:
        """The agent's next turn will be about something else."""
        self.sources.clear()

    def post(self, fact: Fact) -> None:
        """Tell a fact whose reply matters only if it says that the call is lost."""
        self.hand.post(fact).add_done_callback(
            lambda answered: self._replied(answered.result()) if not answered.cancelled() else None
        )

    def _replied(self, reply: Reply) -> None:
        if reply.lost:
            self.on_lost()

    def _turn(
        self,
        speaker: Speaker,
        text: str,
        started_s: float,
        ended_s: float,
        *,
        kind: str,
        interrupted: bool = False,
        timings_ms: Mapping[str, float] | None = None,
        sources: tuple[Passage, ...] = (),
    ) -> None:
        self.number += 1
        start = max(started_s - self.began_s, 0.0)
        self.post(
            TurnFinished(
                number=self.number,
                speaker=speaker,
                text=text,
                started_s=round(start, 3),
                ended_s=round(max(ended_s - self.began_s, start), 3),
                interrupted=interrupted,
                kind=kind,
                timings_ms=timings_ms or {},
                cost=self.spent.charge(AGENTS if speaker is Speaker.AGENT else PERSONS),
                sources=sources,
            )
        )
