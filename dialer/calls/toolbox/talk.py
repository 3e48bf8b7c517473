"""The tools that act on the talk itself: they need no more than the row."""

from __future__ import annotations

from dialer.calls.toolbox.base import Asked
from dialer.conversation.facts import Reply


def end_call(_asked: Asked) -> Reply:
    """End the call after the last words."""
    return Reply(text="The call ends after your last words.", ends_call=True)


def do_not_call(asked: Asked) -> Reply:
    """Write down that the person opted out; their number was suppressed in a transaction before this one."""
    asked.call.opted_out_at = asked.call.opted_out_at or asked.now
    return Reply(text="The number is on the do-not-call list.", ends_call=True)


def press_digits(asked: Asked) -> Reply:
    """Press keys in a phone menu: the tones follow the row."""
    return Reply(text=f"Pressed {asked.arguments['digits']}.")
