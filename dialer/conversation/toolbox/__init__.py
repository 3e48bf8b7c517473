"""The tools that every agent may be given, as the model sees them: one module each, with its `SPEC`.

What a tool does is the business of whoever commits its row: `dialer.calls.toolbox`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dialer.conversation.toolbox import (
    book_meeting,
    do_not_call,
    end_call,
    find_slots,
    look_up_knowledge,
    press_digits,
    schedule_callback,
    send_email,
    send_sms,
    transfer,
)

SPECS: Final = MappingProxyType(
    {
        module.SPEC.name: module.SPEC
        for module in (
            end_call,
            do_not_call,
            schedule_callback,
            transfer,
            find_slots,
            book_meeting,
            send_sms,
            send_email,
            look_up_knowledge,
            press_digits,
        )
    }
)
"""Name → what the model is told of it."""
