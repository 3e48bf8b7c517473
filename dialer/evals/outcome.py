"""What came of a test call: the same rules and the same reader that write the outcomes of real ones."""

from __future__ import annotations

import asyncio

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import EndReason, Speaker
from dialer.errors import DialerError
from dialer.evals.holding import Held
from dialer.evals.verdict import Result
from dialer.llm.base import Extractor
from dialer.outcomes import deciding
from dialer.outcomes.deciding import Evidence
from dialer.outcomes.models import Disposition


async def of(held: Held, agent: AgentDefinition, reader: Extractor, *, fields: bool) -> Result:
    """Decide what came of a conversation.

    Args:
        held: the conversation.
        agent: whose fields are extracted.
        reader: reads the transcript where facts alone do not decide.
        fields: whether the fields are wanted in any case.
    """
    evidence = _evidence(held)
    known = deciding.known(evidence)
    if evidence.person_turns == 0 or (known is not None and not fields):
        return Result(known or deciding.without_reader(evidence))
    schema = deciding.schema(agent.extraction)
    try:
        read = await asyncio.to_thread(reader.extract, deciding.INSTRUCTIONS, transcript(held), schema)
    except DialerError as error:
        return Result(known or deciding.without_reader(evidence), error=f"the transcript was not read: {error}")
    disposition = known or Disposition(read["disposition"])
    return Result(disposition, str(read.get("summary") or ""), dict(read.get("fields") or {}))


def transcript(held: Held) -> str:
    """A conversation as readers get it."""
    return deciding.transcript([(turn.speaker.value, turn.text) for turn in held.turns if turn.kind != "filler"])


def _evidence(held: Held) -> Evidence:
    return Evidence(
        carrier_status="completed",
        carrier_code="",
        answered=True,
        abandoned=False,
        ending=held.ending.value,
        machine=held.machine,
        opted_out=held.opted_out,
        transferred=held.ending is EndReason.TRANSFER,
        callback_agreed=any(used.name == "schedule_callback" and used.ok for used in held.used),
        person_turns=sum(1 for turn in held.of(Speaker.PERSON) if turn.text),
    )
