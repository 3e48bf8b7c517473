"""Who is on the phone in a test: somebody with lines and rules, or somebody whom a language model plays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from dialer.conversation.vendors import Crew
from dialer.evals.cases import Line, Person
from dialer.llm.base import Message, Resumed

HANGS_UP: Final = Line(hangs_up=True)
WAITS: Final = Line(waits=True)
HANG_UP_MARK: Final = "[hang up]"
_KEYS: Final = re.compile(r"\[press ([0-9*#]{1,32})\]")
_PLAYED: Final = f"""\
You play a person whose phone has rung. You are on that call now: write only what this person says next, as one or two
short spoken sentences, without quotation marks, stage directions or markup.

Who you are: {{persona}}
What you want of this call: {{wants}}

Stay that person whatever the other side says, and never help it with its job. Do not invent another caller.
When the conversation has come to its end, or this person would hang up, write {HANG_UP_MARK} behind the last words.
To press keys of the phone, write [press 1] with those keys.
"""
_NOTHING_WANTED: Final = "Nothing in particular: you only picked up."


class Somebody(Protocol):
    """The person's side of one call."""

    async def next(self, said: str) -> Line:
        """Say what they do now, after the agent's last turn was this."""
        ...


class Scripted:
    """Follows the first rule that fits, and else the next line."""

    def __init__(self, person: Person) -> None:
        self._rules = list(person.rules)
        self._lines = list(person.lines)
        self._then = HANGS_UP if person.then == "hang_up" else WAITS

    async def next(self, said: str) -> Line:
        """Say what they do now."""
        rule = next((rule for rule in self._rules if re.search(rule.hears, said, re.IGNORECASE)), None)
        if rule is None:
            return self._lines.pop(0) if self._lines else self._then
        if rule.once:
            self._rules.remove(rule)
        return rule


class Simulated:
    """Is played by a language model that knows the persona and what it has heard."""

    def __init__(self, person: Person, crew: Crew) -> None:
        system = _PLAYED.format(persona=person.persona, wants=person.wants or _NOTHING_WANTED)
        self._messages = [Message("system", system)]
        self._crew = crew

    async def next(self, said: str) -> Line:
        """Say what they do now.

        Raises:
            VendorBusy: no model plays them.
        """
        self._messages.append(Message("user", said))
        written = ""
        async for delta in self._crew.answer(self._messages, ()):
            match delta:
                case str():
                    written += delta
                case Resumed(kept):
                    written = f"{kept} "
        written = written.strip()
        self._messages.append(Message("assistant", written))
        return _read(written)


def _read(written: str) -> Line:
    keys = "".join(_KEYS.findall(written))
    leaves = HANG_UP_MARK in written
    words = " ".join(_KEYS.sub("", written.replace(HANG_UP_MARK, "")).split()).strip('"')
    if not (words or keys or leaves):
        return WAITS
    return Line(says=words, presses=keys, hangs_up=leaves)


def of(person: Person, crew: Callable[[], Crew]) -> Somebody:
    """Whoever a case describes. `crew` is asked for only if a model plays them."""
    return Simulated(person, crew()) if person.persona else Scripted(person)
