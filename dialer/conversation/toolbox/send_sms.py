"""Text the person of this call."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "send_sms",
    "Text the person of this call, once they have agreed to it. It goes to the number of this call and to no other.",
    arguments("message", message=text("What to write, in plain words.", longest=320)),
)
