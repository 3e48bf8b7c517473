"""Writing the outcome: once, with the lead's next step, follow-ups and outbox rows, in one transaction (law 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.calls import queries as calls
from dialer.calls.models import Call, Direction, Purpose
from dialer.campaigns import retrying
from dialer.campaigns.models import Campaign
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.db import Sessions, Transaction, transaction
from dialer.errors import CarrierRefused, TransientError, VendorRefused
from dialer.followups import meetings, tasks
from dialer.followups.models import FollowUp, FollowUpKind
from dialer.leads import moving as leads
from dialer.leads.models import Lead, LeadState
from dialer.leads.optout import OPTED_OUT
from dialer.leads.queries import hold_lead
from dialer.llm.base import Extractor
from dialer.messages import Messages
from dialer.outcomes import deciding, queries
from dialer.outcomes.models import Disposition, Outcome

READER_PATIENCE_S = 300
"""How long an outcome waits for a model that is unwell before it is written without a summary."""
FOLLOW_UP_IN = timedelta(hours=2)

BY = "results.finish"
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Finishing:
    """What finishing needs."""

    sessions: Sessions
    extractor: Extractor
    messages: Messages
    destinations: tuple[str, ...]
    """Where outcomes are written to: hubspot, salesforce, webhook."""
    opt_out: Callable[[UUID, str, str, UUID, str], object]


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be written."""

    disposition: Disposition
    summary: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    callback_at: datetime | None = None


def finish(call_id: UUID, on: Finishing) -> bool:
    """Write the outcome of a call that is over. Returns whether this caller wrote it.

    A wish not to be called that is known of the call is carried out before, in a transaction of its own, whatever
    became of it while the call went on.

    Raises:
        TransientError: no model can read the transcript now; the sweeper comes back.
    """
    with transaction(on.sessions) as tx:
        finished = queries.ready(tx.session, call_id)
    if finished is None:
        return False
    if finished.evidence.opted_out:
        _opt_out(call_id, "said in the call", on)
    result = _decide(finished, on.extractor)
    if result.disposition is Disposition.DO_NOT_CALL and not finished.evidence.opted_out:
        _opt_out(call_id, "found in the transcript", on)
    with transaction(on.sessions) as tx:
        return write(tx, call_id, result, on)


def write(tx: Transaction, call_id: UUID, result: Result, on: Finishing) -> bool:
    """Write an outcome in the caller's transaction; of all who try, one does."""
    session = tx.session
    hold_lead(session, calls.one(session, call_id).lead_id)
    now = clock.now(session)
    won = session.scalar(
        update(Call).where(Call.id == call_id, Call.outcome_at.is_(None)).values(outcome_at=now).returning(Call.id)
    )
    if won is None:
        return False
    call = calls.one(session, call_id)
    step = _next_step(session, call, result, now)
    follow_ups = _follow_ups(call, result, step, now)
    if (meeting := meetings.follow_up(session, call, now=now)) is not None:
        follow_ups.append(meeting)
    session.add_all(follow_ups)
    session.flush()
    rows = _outbox(call, follow_ups, () if call.purpose is Purpose.TEST else on.destinations)
    session.add(
        Outcome(
            call_id=call.id,
            organization_id=call.organization_id,
            campaign_id=call.campaign_id,
            lead_id=call.lead_id,
            disposition=result.disposition,
            summary=result.summary,
            fields=result.fields,
            next_step=f"{step.state}: {step.why}" if step else "none",
            deliveries=len(rows),
            at=now,
        )
    )
    if rows:
        ids = session.scalars(insert(OutboxRow).returning(OutboxRow.id, sort_by_parameter_order=True), rows).all()
        lines: dict[str, int] = {}
        for row, row_id in zip(rows, ids, strict=True):
            lines.setdefault(row["destination"], row_id)  # whoever sends it goes on with those that wait for it
        for row_id in lines.values():
            tx.after_commit(partial(on.messages.send, "outbox.deliver", str(row_id)))
    return True


def refused(on: Finishing) -> Callable[[Transaction, Call, CarrierRefused], None]:
    """Make the writer of outcomes of calls that the carrier refused, for `calls.dialing`."""

    def write_refused(tx: Transaction, call: Call, error: CarrierRefused) -> None:
        invalid = error.code in deciding.INVALID_NUMBER_CODES
        disposition = Disposition.INVALID_NUMBER if invalid else Disposition.FAILED
        write(tx, call.id, Result(disposition, summary=str(error)), on)

    return write_refused


def _decide(finished: queries.Finished, extractor: Extractor) -> Result:
    """Facts decide what they can; the reader adds the rest. Not in a transaction: the reader is far away."""
    known = deciding.known(finished.evidence)
    if finished.evidence.person_turns == 0:
        return Result(known or deciding.without_reader(finished.evidence))
    read: dict[str, Any] = {}
    try:
        read = extractor.extract(
            deciding.INSTRUCTIONS, deciding.transcript(finished.turns), deciding.schema(finished.extraction)
        )
    except (TransientError, VendorRefused) as error:
        if isinstance(error, TransientError) and finished.closed_s < READER_PATIENCE_S:
            raise
        logger.error("transcript not read", error=str(error))
    disposition = known or (Disposition(read["disposition"]) if read else deciding.without_reader(finished.evidence))
    read = _storable(read)
    return Result(
        disposition, str(read.get("summary") or ""), dict(read.get("fields") or {}), callback_at=finished.callback_at
    )


def _storable(value: Any) -> Any:
    """Leave out NUL characters, which a model may write and the database refuses."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value


def _opt_out(call_id: UUID, how: str, on: Finishing) -> None:
    """Suppress the person's number, unless it is."""
    with transaction(on.sessions) as tx:
        call = calls.one(tx.session, call_id)
        person = call.to_number if call.direction is Direction.OUTBOUND else call.from_number
        organization_id = call.organization_id
        if queries.suppressed(tx.session, organization_id, person):
            return
    on.opt_out(organization_id, person, how, call_id, BY)


def _next_step(session: Session, call: Call, result: Result, now: datetime) -> retrying.Step | None:
    """Move the lead on. A lead that an opt-out or an operator moved meanwhile stays where it is."""
    if call.lead_id is None:
        return None
    lead = session.get_one(Lead, call.lead_id, populate_existing=True)
    campaign = session.get_one(Campaign, lead.campaign_id)
    if call.direction is Direction.INBOUND:
        step = _after_callback(lead, result)
    elif lead.state is not LeadState.IN_FLIGHT:
        step = retrying.Step(lead.state, lead.reason, lead.due_at)
    else:
        step = retrying.next_step(
            result.disposition,
            ended_so=queries.ended_so(session, lead.id, result.disposition) + 1,
            attempts=lead.attempts,
            max_attempts=campaign.max_attempts,
            retries=campaign.retries,
            now=now,
            callback_at=result.callback_at,
        )
    if step.state is LeadState.WAITING and queries.opted_out(session, lead):
        step = retrying.Step(LeadState.BLOCKED, OPTED_OUT)
    leads.move(
        session,
        lead.id,
        step.state,
        before=lead.state,
        now=now,
        by=BY,
        why=step.why,
        due_at=step.due_at,
        call_id=call.id,
        disposition=result.disposition,
    )
    return step


def _after_callback(lead: Lead, result: Result) -> retrying.Step:
    """A person who called us back is done when that settled something; else the lead stays where it was."""
    settled = (
        Disposition.INTERESTED,
        Disposition.NOT_INTERESTED,
        Disposition.DO_NOT_CALL,
        Disposition.TRANSFERRED,
        Disposition.WRONG_NUMBER,
    )
    if lead.state is not LeadState.IN_FLIGHT and result.disposition in settled:
        return retrying.Step(LeadState.DONE, f"{result.disposition}, they called us")
    return retrying.Step(lead.state, lead.reason, lead.due_at)


FOLLOW_UP: Mapping[Disposition, tuple[FollowUpKind, str]] = {
    Disposition.INTERESTED: (FollowUpKind.CALL_INTERESTED, "Interested: get in touch"),
    Disposition.CALLBACK: (FollowUpKind.CALL_BACK, "Callback agreed"),
    Disposition.TRANSFERRED: (FollowUpKind.AFTER_TRANSFER, "Transferred: write down what came of it"),
}


def _follow_ups(call: Call, result: Result, step: retrying.Step | None, now: datetime) -> list[FollowUp]:
    """What a person must do: an interested lead, an agreed callback, a transfer, or a message from who called us."""
    kind_subject = FOLLOW_UP.get(result.disposition)
    inbound = call.direction is Direction.INBOUND
    if kind_subject is None and inbound and result.disposition is not Disposition.DO_NOT_CALL:
        kind_subject = (FollowUpKind.READ_MESSAGE, "They called us: read what they said")
    if kind_subject is None:
        return []
    kind, subject = kind_subject
    person = call.from_number if inbound else call.to_number
    ours = " (the agent calls again by itself)" if step and step.why == "callback agreed" else ""
    agreed = result.callback_at
    return [
        tasks.task(
            call,
            kind,
            subject=f"{subject}: {person}",
            body=f"{result.summary}{ours}".strip(),
            due_at=agreed if agreed and agreed > now else now + FOLLOW_UP_IN,
            now=now,
        )
    ]


def _outbox(call: Call, follow_ups: list[FollowUp], destinations: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row an effect and destination. Keys come from the attempt and the follow-up."""
    rows: list[dict[str, Any]] = []
    common = {"organization_id": call.organization_id, "lead_id": call.lead_id, "call_id": call.id}
    for destination in destinations:
        if destination == "webhook":
            effects = [(OutboxKind.EVENT, f"event-{call.id}")]
        else:
            effects = [(OutboxKind.CONTACT, f"contact-{call.id}"), (OutboxKind.ACTIVITY, f"call-{call.id}")]
        rows += [
            {**common, "destination": destination, "kind": kind, "key": key, "follow_up_id": None}
            for kind, key in effects
        ]
        if destination != "webhook":
            rows += [tasks.order(task, destination) for task in follow_ups]
    return rows


def missing(sessions: Sessions, limit: int) -> list[UUID]:
    """Calls whose outcome is due and not written."""
    with transaction(sessions) as tx:
        return queries.unfinished(tx.session, limit)
