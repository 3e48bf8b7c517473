"""A brain without a language model: walks an agent's flow by what the person said, and always answers the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from dialer.agents.definition import AgentDefinition
from dialer.agents.flow import Flow, Rule, State
from dialer.conversation.facts import Briefing
from dialer.conversation.transcript import PRESSED
from dialer.llm.base import Delta, Message, ToolCall, ToolSpec
from dialer.understanding import cues, times

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_KEYS: Final = re.compile(r"[0-9*]{1,32}")
_END: Final = State(tool="end_call")
_SLOT: Final = re.compile(r"\{(words|time)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands after all that was said, and what led there."""

    state: str
    """"" where it ends because nothing that was said could be understood."""
    said: str = ""
    """What the last rule says."""
    missed: int = 0
    """How often in a row no rule fitted here."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """What the person said, by the names that texts use."""


class Script:
    """The brain of one call whose agent has a flow.

    It keeps nothing between answers: where the call stands follows from the conversation alone, so that another seat
    that takes the call over, or an answer that was thrown away, changes nothing.
    """

    name = "script"

    def __init__(self, agent: AgentDefinition, flow: Flow, lead: Mapping[str, Any], local_now: datetime) -> None:
        """Begin.

        Args:
            agent: fills the texts.
            flow: its states.
            lead: what it knows of the person.
            local_now: the person's own time, naive, for what "tomorrow" means.
        """
        self._agent = agent
        self._flow = flow
        self._lead = dict(lead)
        self._local_now = local_now

    def hands_over(self, messages: Sequence[Message]) -> bool:
        """Whether the call stands where a language model talks."""
        return self._state(self._place(messages)).hand_over

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, model: str = ""
    ) -> AsyncIterator[Delta]:
        """Say what the state says in which the call stands, and use its tool."""
        place = self._place(messages)
        state = self._state(place)
        said = "" if messages[-1].role == "tool" else place.said
        words = state.again or state.say if place.missed else state.say
        if text := " ".join(part for part in (said, words) if part):
            yield self._filled(text, place, spoken=True)
        if state.tool:
            number = sum(message.role == "user" for message in messages)
            yield ToolCall(f"{place.state}-{number}", state.tool, self._arguments(state, place))

    def _place(self, messages: Sequence[Message]) -> Place:
        place = Place(self._flow.start)
        for message in messages:
            if message.role == "user":
                place = self._heard(place, message.text)
            elif message.role == "tool":
                place = self._used(place, ok=message.ok)
        return place

    def _heard(self, place: Place, words: str) -> Place:
        """Go on after the person said something."""
        if self._state(place).tool:  # its result has not come: the answer was given up
            place = self._used(place, ok=False)
        state = self._state(place)
        if state.hand_over or state is _END:
            return place
        pressed = words.removeprefix(PRESSED)
        keys = pressed if _KEYS.fullmatch(pressed) else ""
        slots = {**place.slots, "words": words}
        named = next((found for found in times.find(words, self._local_now) if "T" in found[1]), None)
        if named is not None:
            slots |= {"time": named[0], "when": named[1]}
        for rule in state.listen:
            if _fits(rule, words, keys, named=named is not None):
                return Place(rule.go_to, rule.say, slots=slots)
        if place.missed < state.misses:
            return Place(place.state, missed=place.missed + 1, slots=slots)
        return Place(state.otherwise or "", slots=slots)

    def _used(self, place: Place, *, ok: bool) -> Place:
        """Go on after a tool."""
        state = self._state(place)
        step = state.then if ok or state.failed is None else state.failed
        return Place(step, slots=place.slots) if state.tool and step is not None else place

    def _state(self, place: Place) -> State:
        return self._flow.states[place.state] if place.state else _END

    def _arguments(self, state: State, place: Place) -> dict[str, Any]:
        return {
            name: self._filled(value, place, spoken=False) if isinstance(value, str) else value
            for name, value in state.arguments.items()
        }

    def _filled(self, text: str, place: Place, *, spoken: bool) -> str:
        slots = place.slots
        time = slots.get("time" if spoken else "when", "")
        filled = _SLOT.sub(lambda m: slots.get("words", "") if m.group(1) == "words" else time, text)
        return self._agent.say(filled, self._lead)


def of(agent: AgentDefinition, briefing: Briefing) -> Script | None:
    """The script of a call, if its agent has one."""
    if agent.flow is None:
        return None
    return Script(agent, agent.flow, briefing.lead, briefing.local_time.replace(tzinfo=None))


def _fits(rule: Rule, words: str, keys: str, *, named: bool) -> bool:
    if not (rule.intents or rule.words or rule.digits or rule.time):
        return True
    if keys:
        return keys in rule.digits
    if rule.time and named:
        return True
    said = f" {' '.join(_WORD.findall(words.lower()))} "
    if any(f" {' '.join(_WORD.findall(phrase.lower()))} " in said for phrase in rule.words):
        return True
    meant = cues.leaning(words).get("intent", {})
    return any(intent in meant for intent in rule.intents)
