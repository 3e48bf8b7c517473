"""End the call."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "end_call",
    "End the call. Say goodbye first, in the same answer. Use it when the conversation has come to its end.",
    arguments(),
)
