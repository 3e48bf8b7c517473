"""Write an e-mail to the person of this call."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "send_email",
    "E-mail the person of this call, once they have agreed to it. It goes to the address that we know of them.",
    arguments(
        "subject",
        "message",
        subject=text("A few words.", longest=120),
        message=text("What to write, in plain words.", longest=2000),
    ),
)
