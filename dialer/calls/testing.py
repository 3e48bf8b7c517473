"""A test call: one's own phone, through the same protocol as a campaign's calls, before any campaign starts."""

from __future__ import annotations

from uuid import UUID, uuid4

import phonenumbers
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from dialer import clock
from dialer.agents.store import find_version
from dialer.calls import gate
from dialer.calls.models import Call, CallMove, Direction, Purpose
from dialer.calls.states import CallState
from dialer.campaigns.claiming import slot_now
from dialer.db import Sessions, transaction
from dialer.errors import BadInput, Conflict
from dialer.messages import Messages
from dialer.telephony.models import CallerId

RING_TIMEOUT_S = 30


def place_test_call(
    sessions: Sessions, *, organization_id: UUID, phone: str, agent: str, by: str, messages: Messages
) -> UUID:
    """Let an agent call a phone of the operator's own. Suppression and the stop are checked as for any call.

    Returns:
        The call's id.

    Raises:
        BadInput: the number is no valid one in international form, or we have no caller id.
        NotFound: there is no such agent.
        Conflict: dialing is stopped, or a call to this number is open.
    """
    number = _number(phone)
    with transaction(sessions) as tx:
        session = tx.session
        now = clock.now(session)
        stopped = gate.read(session)
        if stopped.shut:
            raise Conflict(f"Dialing was stopped by {stopped.by or 'nobody known'}: {stopped.why}")
        version = find_version(session, organization_id, agent)
        caller = session.scalars(
            select(CallerId)
            .where(CallerId.organization_id == organization_id, CallerId.stopped_reason.is_(None))
            .order_by(CallerId.created_at)
        ).first()
        if caller is None:
            raise BadInput("No caller id: set TWILIO_CALLER_ID, then run dialer migrate.")
        call_id = session.scalar(
            upsert(Call)
            .values(
                id=uuid4(),
                organization_id=organization_id,
                purpose=Purpose.TEST,
                direction=Direction.OUTBOUND,
                to_number=number,
                from_number=caller.phone,
                carrier_account_id=caller.carrier_account_id,
                agent_version_id=version.id,
                state=CallState.CLAIMED,
                moved_at=now,
                claimed_at=now,
                ring_timeout_s=RING_TIMEOUT_S,
                dial_at=slot_now(session, caller.carrier_account_id, now),
            )
            .on_conflict_do_nothing()
            .returning(Call.id)
        )
        if call_id is None:
            raise Conflict("A call to this number is open: wait until it is over.")
        session.add(CallMove(call_id=call_id, state=CallState.CLAIMED, at=now, by=by, why="test call"))
        tx.after_commit(lambda: messages.send("leads.place", str(call_id)))
    return UUID(str(call_id))


def _number(phone: str) -> str:
    try:
        parsed = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException as error:
        raise BadInput(
            f'"{phone}" is no phone number: write it with its country code, such as +12125550100.'
        ) from error
    if not phonenumbers.is_valid_number(parsed):
        raise BadInput(f'"{phone}" is no valid phone number.')
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
