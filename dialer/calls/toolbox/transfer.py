"""A transfer, and the briefing in writing that goes ahead of it: a task in each CRM, and an e-mail."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid5

from sqlalchemy.dialects.postgresql import insert

from dialer.calls import transferring
from dialer.calls.models import Purpose
from dialer.calls.toolbox.base import Asked
from dialer.conversation.facts import Reply
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.followups import notices
from dialer.followups.models import Channel, FollowUp, FollowUpKind, Notice

TO_BE_READ_WITHIN = timedelta(minutes=5)


def use(asked: Asked) -> Reply:
    """Hand the person over to the number that the agent's definition names, and to no other."""
    number = asked.agent.transfer_to
    if not number:
        return Reply(ok=False, text="Nobody can take the call now. Offer a callback.")
    if asked.call.purpose is not Purpose.TEST:
        _brief(asked)
    return Reply(text="The call is being transferred.", transfer_to=number)


def _brief(asked: Asked) -> None:
    """Write down who comes and why; once a call, however often it is handed over."""
    call, session = asked.call, asked.session
    who, _ = transferring.about(session, call)
    subject = f"{asked.agent.name} hands over {who}, {asked.person}"
    body = str(asked.arguments.get("reason") or "No reason was given.")
    task_id = uuid5(call.id, FollowUpKind.TRANSFER_BRIEFING.value)
    if session.get(FollowUp, task_id) is not None:
        return
    session.add(
        FollowUp(
            id=task_id,
            organization_id=call.organization_id,
            call_id=call.id,
            lead_id=call.lead_id,
            kind=FollowUpKind.TRANSFER_BRIEFING,
            subject=subject,
            body=body,
            owner="",
            due_at=asked.now + TO_BE_READ_WITHIN,
            created_at=asked.now,
        )
    )
    session.flush()
    common = {"organization_id": call.organization_id, "lead_id": call.lead_id, "call_id": call.id}
    rows = [
        {**common, "destination": name, "kind": OutboxKind.TASK, "key": f"task-{task_id}", "follow_up_id": task_id}
        for name in asked.outside.crms
    ]
    if rows:
        session.execute(insert(OutboxRow).on_conflict_do_nothing(), rows)
    if asked.agent.transfer_email and Channel.EMAIL in asked.outside.channels:
        notices.write(
            session,
            call,
            Notice(
                id=notices.notice_id(call.id, "transfer briefing"),
                organization_id=call.organization_id,
                call_id=call.id,
                lead_id=call.lead_id,
                channel=Channel.EMAIL,
                to_address=asked.agent.transfer_email,
                from_address="",
                subject=subject,
                body=f"{subject}\n\n{body}\n",
                created_at=asked.now,
            ),
        )
