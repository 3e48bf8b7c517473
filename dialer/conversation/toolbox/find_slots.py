"""Look for free times in the calendar."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "find_slots",
    "Look up free times for a meeting before you offer any. Offer two or three of those that come back, no others.",
    arguments(
        earliest=text("The person's local date or time from which on it suits them, ISO 8601 without offset."),
        latest=text("The same of the last day that suits them."),
    ),
)
