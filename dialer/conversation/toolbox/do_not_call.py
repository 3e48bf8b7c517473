"""The person wants no more calls."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "do_not_call",
    "The person does not want to be called again, in whatever words. Call it at once and say nothing yourself.",
    arguments(),
)
