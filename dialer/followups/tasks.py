"""Tasks that come of a call: at most one of a kind a call, and one in each CRM."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid5

from dialer.calls.models import Call
from dialer.crm.models import OutboxKind
from dialer.followups.models import FollowUp, FollowUpKind


def task(call: Call, kind: FollowUpKind, *, subject: str, body: str, due_at: datetime, now: datetime) -> FollowUp:
    """Make a call's task; whoever owns the person in the CRM gets it."""
    return FollowUp(
        id=uuid5(call.id, kind.value),
        organization_id=call.organization_id,
        call_id=call.id,
        lead_id=call.lead_id,
        kind=kind,
        subject=subject,
        body=body,
        owner="",
        due_at=due_at,
        created_at=now,
    )


def order(task: FollowUp, destination: str) -> dict[str, Any]:
    """The outbox row that has a CRM told of a task; its key lets no second one of the same in."""
    return {
        "organization_id": task.organization_id,
        "lead_id": task.lead_id,
        "call_id": task.call_id,
        "destination": destination,
        "kind": OutboxKind.TASK,
        "key": f"task-{task.id}",
        "follow_up_id": task.id,
    }
