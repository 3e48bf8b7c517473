"""A transfer, and the briefing in writing that goes ahead of it: a task in each CRM, and an e-mail."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert

from dialer.calls import transferring
from dialer.calls.models import Purpose
from dialer.calls.toolbox.base import Asked
from dialer.conversation.facts import Reply
from dialer.crm.models import OutboxRow
from dialer.followups import notices, tasks
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
    due_at = asked.now + TO_BE_READ_WITHIN
    task = tasks.task(call, FollowUpKind.TRANSFER_BRIEFING, subject=subject, body=body, due_at=due_at, now=asked.now)
    if session.get(FollowUp, task.id) is not None:
        return
    session.add(task)
    session.flush()
    if rows := [tasks.order(task, crm) for crm in asked.outside.crms]:
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
