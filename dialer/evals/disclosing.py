"""Whether an agent says first who calls, that it is an AI, and how to have no more calls."""

from __future__ import annotations

import re

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import Speaker
from dialer.evals.holding import Held
from dialer.languages import known
from dialer.languages.base import plain


def lacking(held: Held, agent: AgentDefinition) -> list[str]:
    """What the first words of a conversation should have told and did not, in words for a report.

    What a machine is told that asks for a name, and keys, are no words to a person.
    """
    turns = [turn for turn in held.of(Speaker.AGENT) if turn.text and turn.kind not in ("screening", "digits")]
    if not turns:
        return []
    first = turns[0]
    if first.kind not in ("opener", "voicemail"):
        return [f"the first words were no opener but {first.text!r}"]
    said = f" {plain(first.text)} "
    language = known.of(agent.language)
    wanted = {
        f"for whom it calls ({agent.seller})": re.escape(plain(agent.seller)),
        "that it is an AI": language.says_ai,
        "how to have no more calls": language.offers_opt_out,
    }
    missing = [what for what, pattern in wanted.items() if not re.search(rf"(?<!\S)(?:{pattern})(?!\S)", said)]
    return [f"the {first.kind} does not say {' nor '.join(missing)}"] if missing else []
