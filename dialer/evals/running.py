"""Tries an agent on cases: several conversations at a time, each as often as is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dialer.agents.definition import AgentDefinition
from dialer.evals import judging, outcome, scoring
from dialer.evals.cases import Case
from dialer.evals.holding import Held, Room
from dialer.evals.people import Somebody
from dialer.evals.playing import Search
from dialer.evals.verdict import Latency, Verdict
from dialer.llm.base import Brain, Extractor

AT_ONCE: Final = 6
"""Conversations at a time: vendors limit requests a minute, and a busy machine would be taken for a slow agent."""


@dataclass(frozen=True, slots=True)
class Means:
    """What trying an agent needs."""

    brains: Callable[[], Sequence[Brain]]
    """Makes the language models, on the loop that uses them."""
    reader: Extractor
    """Reads transcripts, and judges them."""
    search: Search | None = None
    """Looks into the agent's documents."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One case, and what each run of it came to."""

    case: Case
    lacks: tuple[str, ...] = ()
    """What the agent does not have that the case is about: it was not run."""
    verdicts: tuple[Verdict, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every run was good; also if there was none."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def latency(self) -> Latency:
        """Of all runs."""
        return Latency.of(verdict.held for verdict in self.verdicts)


def run(
    cases: Sequence[Case],
    agent: AgentDefinition,
    means: Means,
    *,
    repeat: int = 1,
    at_once: int = AT_ONCE,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Tried]:
    """Try an agent on cases. Blocks until all are over."""
    return asyncio.run(_run(cases, agent, means, repeat, at_once, on_verdict))


async def _run(
    cases: Sequence[Case],
    agent: AgentDefinition,
    means: Means,
    repeat: int,
    at_once: int,
    on_verdict: Callable[[Verdict], None],
) -> list[Tried]:
    free = asyncio.Semaphore(at_once)

    async def once(case: Case, room: Room) -> Verdict:
        async with free:
            found = await verdict(case, agent, room, means.reader)
        on_verdict(found)
        return found

    async def tried(case: Case, room: Room) -> Tried:
        if missing := lacks(case, agent):
            return Tried(case, lacks=missing)
        return Tried(case, verdicts=tuple(await asyncio.gather(*(once(case, room) for _ in range(repeat)))))

    async with Room(means.brains(), search=means.search) as room:
        return list(await asyncio.gather(*(tried(case, room) for case in cases)))


async def verdict(
    case: Case, agent: AgentDefinition, room: Room, reader: Extractor, somebody: Somebody | None = None
) -> Verdict:
    """Hold one conversation and judge it."""
    return await judged(case, agent, await room.hold(case, agent, somebody), reader)


async def judged(case: Case, agent: AgentDefinition, held: Held, reader: Extractor) -> Verdict:
    """Judge a conversation that was held."""
    result = await outcome.of(held, agent, reader, fields=bool(case.expect.facts))
    checks = scoring.score(case, agent, held, result)
    return Verdict(case, held, result, (*checks, *await judging.judge(held, case.expect.criteria, reader)))


def lacks(case: Case, agent: AgentDefinition) -> tuple[str, ...]:
    """What a case is about and the agent does not have: tools, or texts of its definition."""
    tools = {*agent.tools, *(tool.name for tool in agent.http_tools)}
    return tuple(need for need in case.needs if need not in tools and not getattr(agent, need, ""))
