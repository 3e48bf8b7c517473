"""Test cases: who answers the phone, and what is expected of the agent. Files of YAML or JSON, kept anywhere."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from dialer.conversation.facts import EndReason
from dialer.outcomes.models import Disposition

LONGEST_S: Final = 180.0


def _is_pattern(value: str) -> str:
    try:
        re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{value!r} is no pattern: {error}") from error
    return value


def _is_zone(value: str) -> str:
    try:
        ZoneInfo(value or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is no time zone such as America/New_York") from error
    return value


def _as_tuple(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _as_fields(name: str) -> BeforeValidator:
    """Let a bare text stand for an object with only this field."""
    return BeforeValidator(lambda value: {name: value} if isinstance(value, str) else value)


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_is_pattern)]
"""A regular expression, found anywhere, capitals or not."""
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_as_tuple)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Strict):
    """What the person does when it is their turn. A bare text is what they say."""

    says: str = ""
    presses: str = Field(default="", pattern=r"^[0-9*#]*$")
    hangs_up: bool = False
    """At once, or after saying or pressing this."""
    waits: bool = False
    """They say nothing until the agent speaks again."""
    opts_out: bool = False
    """These words ask for no more calls, and must be understood so, in whatever way they say it."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.says or self.presses or self.hangs_up or self.waits):
            raise ValueError("a line says, presses, hangs_up or waits")
        return self


class Rule(Line):
    """A line for when the agent says something."""

    hears: Pattern
    once: bool = True


class Person(_Strict):
    """Who answers: lines in order and rules that come before them, or somebody whom a language model plays."""

    picks_up: str = ""
    """Said as the line is opened: an answerphone's greeting."""
    rules: tuple[Rule, ...] = ()
    """Held against what the agent said last; the first that fits is followed instead of the next line."""
    lines: tuple[Annotated[Line, _as_fields("says")], ...] = ()
    then: Literal["hang_up", "wait"] = "hang_up"
    """What they do when there are no more lines."""
    persona: str = ""
    """Who the language model is to be. It is told nothing of the agent but what that says."""
    wants: str = ""
    """What that person wants of the call."""

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.persona and (self.lines or self.rules):
            raise ValueError("persona: who is simulated has no lines and no rules")
        if self.wants and not self.persona:
            raise ValueError("wants: only somebody with a persona is simulated")
        if not (self.persona or self.lines or self.rules or self.picks_up or self.then == "wait"):
            raise ValueError("lines: somebody must say something, or `then: wait`")
        return self


class Answer(_Strict):
    """What a tool answers in a test. A bare text is what the model is told. Nothing outside happens."""

    text: str
    ok: bool = True


class Use(_Strict):
    """A tool that must be used. A bare text is its name."""

    name: str
    arguments: dict[str, JsonValue] = {}
    """Those that matter; texts are patterns."""


class Expectation(_Strict):
    """What makes a test pass. That an opt-out is honoured is always expected."""

    outcome: Annotated[tuple[Disposition, ...], BeforeValidator(_as_tuple)] = ()
    """Any of these dispositions."""
    ends: Annotated[tuple[EndReason, ...], BeforeValidator(_as_tuple)] = ()
    """Any of these ends of the conversation."""
    facts: dict[str, JsonValue] = {}
    """Fields of the agent's own extraction; texts are patterns, a list names what will do."""
    says: Patterns = ()
    """Each is said by the agent."""
    never_says: Patterns = ()
    tools: tuple[Annotated[Use, _as_fields("name")], ...] = ()
    never_tools: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    criteria: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    """Sentences about the agent that a language model finds true of the conversation."""
    disclosed: bool = True
    """Before anything else the agent says for whom it calls, that it is an AI, and how to have no more calls."""
    max_turns: int | None = Field(default=None, ge=1)
    """Of the agent, the opener included."""
    reply_p95_ms: float | None = Field(default=None, gt=0)
    """From the person's last word to the agent's first, recognizer and voice left out: 95 of 100 replies."""
    own_p95_ms: float | None = Field(default=None, gt=0)
    """The same without the language model."""


class Case(_Strict):
    """One test."""

    name: str = Field(min_length=1, max_length=80)
    about: str = ""
    needs: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    """Tools, or texts such as voicemail, without which an agent is not tried on this."""
    direction: Literal["outbound", "inbound"] = "outbound"
    """inbound: the person calls us."""
    lead: dict[str, JsonValue] = {}
    local_time: datetime | None = None
    """The person's own time; none: ten in the morning of the next working day."""
    zone: Annotated[str, AfterValidator(_is_zone)] = ""
    """Where that is, such as America/New_York; empty: where the agent's meetings are."""
    person: Person
    tools: dict[str, Annotated[tuple[Annotated[Answer, _as_fields("text")], ...], BeforeValidator(_as_tuple)]] = {}
    """What tools answer, one use after the other; the last answer stays."""
    knowledge: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    """Passages that every look into the documents finds, instead of the documents."""
    expect: Expectation = Expectation()
    limit_s: float = Field(default=LONGEST_S, gt=0, le=3600)


class Suite(_Strict):
    """A file of cases."""

    agent: str = ""
    """Whom they are for; empty: any agent."""
    language: str = ""
    """Whose language they are in, as ISO 639-1; empty: any."""
    lead: dict[str, JsonValue] = {}
    """What every case's lead has that does not say otherwise."""
    cases: tuple[Case, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_names(self) -> Self:
        names = [case.name for case in self.cases]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"cases: {twice} is the name of two")
        return self
