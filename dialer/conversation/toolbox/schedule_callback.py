"""Call again at a time that the person names."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "schedule_callback",
    "The person agrees to be called at another time.",
    arguments(
        "when",
        when=text("The person's local date and time, ISO 8601 without offset: 2026-11-24T15:30"),
        note=text("What it will be about, in a few words."),
    ),
)
