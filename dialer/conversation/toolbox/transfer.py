"""Hand the person over to a colleague, whose number the agent's definition names and nobody else can."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "transfer",
    "Connect the person to a human colleague now. Say that you do so first, in the same answer.",
    arguments(reason=text("What the colleague should know: who it is and what they want, in a sentence or two.")),
)
