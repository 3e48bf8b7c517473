"""A conversation as states and rules, which needs no language model. The table `[flow]` of an agent's file.

The call stands in `start` once the opener was spoken. What the person says is held against the rules of the state in
which the call stands; the first that fits leads on. The state that is entered is spoken, and may use a tool or hand the
call over to the agent's language models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

IntentName = Literal[
    "affirm",
    "deny",
    "interested",
    "undecided",
    "not_interested",
    "callback",
    "wait",
    "repeat",
    "do_not_call",
    "ask_price",
    "ask_info",
    "ask_identity",
    "human",
    "wrong_number",
    "complaint",
    "greeting",
    "goodbye",
    "inform",
    "other",
]
StateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9*]{1,32}$")]


class Rule(BaseModel):
    """What the person may say, and where that leads. Any one of its kinds is enough; a rule without any fits always."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents: tuple[IntentName, ...] = ()
    """What wordings mean by themselves, as `dialer.understanding.cues` reads them."""
    words: tuple[str, ...] = ()
    """Words or phrases, wherever they are said; capitals and punctuation do not matter."""
    digits: tuple[Digits, ...] = ()
    """Keys, as they were pressed. 9 alone is no choice: it asks for no more calls."""
    time: bool = False
    """A time of day was named; texts and arguments may then say {time}."""
    say: str = ""
    """Said before the state that it leads to."""
    go_to: StateName


class State(BaseModel):
    """Where a call can stand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: str = ""
    """Said on entering. It may name what all texts of an agent may, and {words} and {time} that the person said."""
    again: str = ""
    """Said when no rule fits; empty: what was said on entering."""
    listen: tuple[Rule, ...] = ()
    misses: int = Field(default=2, ge=0, le=5)
    """How often `again` is said before the call goes on in `otherwise`."""
    otherwise: StateName | None = None
    """Where the call goes when no rule fits so often; none: it ends."""
    tool: str = ""
    """Used on entering, after `say`."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Of the tool; {words} and {time} (as ISO 8601, local) are filled in."""
    then: StateName | None = None
    """Where the call goes on when the tool was used, and does not end the call."""
    failed: StateName | None = None
    """The same when it could not be done; none: `then`."""
    hand_over: bool = False
    """The agent's language models talk from here on."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> State:
        if self.hand_over and (self.say or self.listen or self.tool):
            raise ValueError("a state that hands over neither speaks nor listens nor uses a tool: the model does")
        if self.tool and self.listen:
            raise ValueError("a state that uses a tool listens in the state of its `then`")
        if not (self.tool or self.listen or self.hand_over):
            raise ValueError("a state listens, uses a tool (such as end_call) or hands over")
        return self


class Flow(BaseModel):
    """All states of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: StateName
    """Where the call stands when the opener was spoken: what it says on entering is not said then."""
    states: dict[StateName, State]

    @model_validator(mode="after")
    def _is_whole(self) -> Flow:
        for name, state in self.states.items():
            wanted = (*(rule.go_to for rule in state.listen), state.otherwise, state.then, state.failed)
            if unknown := {step for step in wanted if step is not None and step not in self.states}:
                raise ValueError(f"{name} leads to {sorted(unknown)}, which is no state")
            if any(rule.say and self.states[rule.go_to].hand_over for rule in state.listen):
                raise ValueError(f"{name}: a rule that leads to a language model says nothing itself")
        if self.start not in self.states:
            raise ValueError(f"start: {self.start} is no state")
        if self.states[self.start].tool:
            raise ValueError(f"start: {self.start} uses a tool before anybody said anything")
        return self

    def in_order(self) -> list[tuple[str, State]]:
        """Return the states as a call may meet them: from `start` on, the nearest first; those nobody leads to last."""
        seen = [self.start]
        for name in seen:
            state = self.states[name]
            steps = (*(rule.go_to for rule in state.listen), state.then, state.failed, state.otherwise)
            seen += dict.fromkeys(step for step in steps if step is not None and step not in seen)
        return [(name, self.states[name]) for name in (*seen, *(name for name in self.states if name not in seen))]

    @property
    def tools(self) -> frozenset[str]:
        """The tools that it uses."""
        return frozenset(state.tool for state in self.states.values() if state.tool)
