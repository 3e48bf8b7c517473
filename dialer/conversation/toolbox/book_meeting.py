"""Book a free time in the calendar."""

from __future__ import annotations

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "book_meeting",
    "Book a meeting at a free time that the person has agreed to. It is booked only if this tool says so.",
    arguments(
        "when",
        when=text("The agreed time in the person's local time, ISO 8601 without offset: 2026-11-24T15:30"),
        email=text("Where the confirmation goes, if the person gave an address.", longest=254),
        note=text("What it will be about, in a few words."),
    ),
)
