"""Looks up what the person said in the documents of their call's agent, beside the seat's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from dialer.agents import store
from dialer.calls.models import Call
from dialer.calls.toolbox import look_up_knowledge
from dialer.conversation.facts import KnowledgeWanted, Reply
from dialer.knowledge.retrieving import Found, Retriever

PASSAGES: Final = 4
VECTOR_S: Final = 1.0
"""After this the words alone are searched: too late for this answer, and early enough to free the thread."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A search that is to be made. `finish` is for a thread that may wait."""

    call_id: UUID
    search: Callable[[], list[Found]]

    def finish(self) -> Reply:
        """Search."""
        return Reply(passages=tuple(look_up_knowledge.passage(found) for found in self.search()))


def recall(session: Session, call: Call, fact: KnowledgeWanted, knowledge: Retriever | None) -> Reply | Lookup:
    """Say what is to be searched, in whose documents."""
    agent = store.definition_of(session, call.agent_version_id)
    if knowledge is None or not agent.knowledge:
        return Reply()
    search = partial(
        knowledge.find,
        call.organization_id,
        agent.knowledge,
        fact.words,
        language=agent.language,
        limit=PASSAGES,
        vector_s=VECTOR_S,
    )
    return Lookup(call.id, search)
