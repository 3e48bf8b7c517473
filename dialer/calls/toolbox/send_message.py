"""A text message or an e-mail to the person of the call, and to nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.calls.toolbox.base import Asked, Later
from dialer.calls.toolbox.book_meeting import EMAIL
from dialer.conversation.facts import Reply
from dialer.followups import notices
from dialer.followups.models import Channel, Notice

if TYPE_CHECKING:
    from dialer.calls.using import Outside

NO_CHANNEL = "Nothing can be sent this way. Say so, and offer another one."
NO_ADDRESS = "No e-mail address of the person is known. Offer something else."
ENOUGH = "This person has been sent enough in this call."
MOST = 3
"""Messages of one kind in one call."""


def sms(asked: Asked) -> Reply | Later:
    """Text the number of this call."""
    return _send(asked, Channel.SMS, asked.person, asked.ours)


def email(asked: Asked) -> Reply | Later:
    """Write to the address that the lead came with: one that is said on the phone could be anybody's."""
    lead = asked.lead
    address = lead.email.strip() if lead else ""
    if not EMAIL.fullmatch(address):
        return Reply(ok=False, text=NO_ADDRESS)
    return _send(asked, Channel.EMAIL, address, "")


def _send(asked: Asked, channel: Channel, to_address: str, from_address: str) -> Reply | Later:
    if channel not in asked.outside.channels:
        return Reply(ok=False, text=NO_CHANNEL)
    if notices.count(asked.session, asked.call.id, channel) >= MOST:
        return Reply(ok=False, text=ENOUGH)
    body = str(asked.arguments["message"]).strip()
    row_id = notices.write(
        asked.session,
        asked.call,
        Notice(
            id=notices.notice_id(asked.call.id, f"{channel} {body}"),
            organization_id=asked.call.organization_id,
            call_id=asked.call.id,
            lead_id=asked.call.lead_id,
            channel=channel,
            to_address=to_address,
            from_address=from_address,
            person=asked.person,
            subject=str(asked.arguments.get("subject") or ""),
            body=body,
            created_at=asked.now,
        ),
    )
    return Later(lambda: _woken(asked.outside, row_id))


def _woken(outside: Outside, row_id: int | None) -> Reply:
    """Have it sent soon. Whether the wake-up arrives or not: it is a row, and the sweep finds it."""
    if row_id is not None:
        outside.wake(row_id)
    return Reply(text="It is on its way.")
