"""The seat of a test call: it takes every fact, writes nothing down but in memory, and plays what tools would do.

No lead is touched, nobody is opted out, nothing is booked, sent or written to a CRM.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from dialer import log
from dialer.agents.definition import AgentDefinition
from dialer.calls import using
from dialer.calls.toolbox import find_slots, look_up_knowledge, saying, schedule_callback
from dialer.calls.toolbox.book_meeting import NOT_OFFERED
from dialer.conversation.facts import Fact, KnowledgeWanted, Passage, Reply, ToolWanted, TurnFinished
from dialer.conversation.toolbox import SPECS
from dialer.errors import DialerError
from dialer.evals.cases import Answer, Case
from dialer.followups.calendars import free

FactT = TypeVar("FactT")
Search = Callable[[str], Sequence[Passage]]
"""Looks words up in the agent's documents. Blocks: it is called in a thread."""

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Used:
    """A tool that the agent used, and what it was told."""

    name: str
    arguments: dict[str, Any]
    ok: bool
    text: str
    after: int
    """Turns that were over by then."""


class PlayingHand:
    """One call's hand. Lives on the loop."""

    def __init__(
        self, case: Case, agent: AgentDefinition, *, now: datetime, zone: ZoneInfo, search: Search | None
    ) -> None:
        """Begin.

        Args:
            case: whose answers tools give.
            agent: whose tools they are.
            now: the person's own time.
            zone: where that is.
            search: looks into the documents; None: there are none.
        """
        self.facts: list[Fact] = []
        self.used: list[Used] = []
        self.changed = asyncio.Event()
        """Set with every fact."""
        self._answers = {name: list(answers) for name, answers in case.tools.items()}
        self._agent = agent
        self._now = now
        self._zone = zone
        self._passages = tuple(_passage(number, text) for number, text in enumerate(case.knowledge, 1))
        self._search = search
        self._tasks: set[asyncio.Task[Reply]] = set()

    def of(self, kind: type[FactT]) -> list[FactT]:
        """The facts of a kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        """Take a fact; the future holds what came of it."""
        self.facts.append(fact)
        self.changed.set()
        match fact:
            case ToolWanted(name="look_up_knowledge") if not self._answers.get(fact.name):
                return self._begin(self._looked_up(fact))
            case KnowledgeWanted(words=words):
                return self._begin(self._known(words))
            case ToolWanted():
                return _done(self._use(fact))
        return _done(Reply())

    async def tell(self, fact: Fact) -> Reply:
        """Take a fact, and return what came of it."""
        return await self.post(fact)

    def _begin(self, work: Coroutine[Any, Any, Reply]) -> asyncio.Future[Reply]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Documents

    async def _known(self, words: str) -> Reply:
        return Reply(passages=await self._find(words))

    async def _looked_up(self, fact: ToolWanted) -> Reply:
        if (refused := self._refused(fact)) is not None:
            return self._noted(fact, refused)
        return self._noted(fact, look_up_knowledge.told(await self._find(str(fact.arguments["question"]))))

    async def _find(self, words: str) -> tuple[Passage, ...]:
        if self._passages or self._search is None:
            return self._passages
        try:
            return tuple(await asyncio.to_thread(self._search, words))
        except DialerError as error:
            logger.warning("documents not searched", error=str(error))
            return ()

    # Tools

    def _use(self, fact: ToolWanted) -> Reply:
        reply = self._refused(fact) or self._scripted(fact) or self._by_default(fact)
        return self._noted(fact, reply)

    def _noted(self, fact: ToolWanted, reply: Reply) -> Reply:
        self.used.append(Used(fact.name, dict(fact.arguments), reply.ok, reply.text, len(self.of(TurnFinished))))
        return reply

    def _refused(self, fact: ToolWanted) -> Reply | None:
        """What a tool says to arguments that its schema forbids."""
        own = {tool.name: tool.arguments for tool in self._agent.http_tools}
        schema = own[fact.name] if fact.name in own else SPECS[fact.name].parameters
        return using.refused(schema, fact.arguments)

    def _scripted(self, fact: ToolWanted) -> Reply | None:
        answers = self._answers.get(fact.name)
        if not answers:
            return None
        answer: Answer = answers.pop(0) if len(answers) > 1 else answers[0]
        transfers = fact.name == "transfer" and answer.ok
        return Reply(ok=answer.ok, text=answer.text, transfer_to=self._agent.transfer_to if transfers else "")

    def _by_default(self, fact: ToolWanted) -> Reply:
        """What the tool would most likely say: everything is possible and works."""
        when = fact.arguments.get("when")
        match fact.name:
            case "transfer":
                return Reply(text="The call is being transferred.", transfer_to=self._agent.transfer_to)
            case "schedule_callback":
                return schedule_callback.noted(when, self._zone, self._now)
            case "find_slots":
                hours = self._agent.meetings
                slots = free.slots(hours, free.bounds(hours, self._now))
                return find_slots.told(slots, self._zone)
            case "book_meeting":
                return self._booked(when)
            case "send_sms" | "send_email":
                return Reply(text="It is on its way.")
        return Reply(text="Done.")

    def _booked(self, when: Any) -> Reply:
        at = saying.read_time(when, self._zone)
        if at is None:
            return Reply(ok=False, text=saying.UNREADABLE)
        hours = self._agent.meetings
        if not any(slot.starts_at == at for slot in free.slots(hours, free.bounds(hours, self._now))):
            return Reply(ok=False, text=NOT_OFFERED)
        return Reply(text=f"Booked for {saying.moment(at, self._zone)}, the person's own time.")


def _done(reply: Reply) -> asyncio.Future[Reply]:
    future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    future.set_result(reply)
    return future


def _passage(number: int, text: str) -> Passage:
    return Passage(number, "case", "the test case", "", "", text, 1.0)
