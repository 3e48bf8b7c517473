"""Noticing that the database was put back to an older state: the carrier then knows calls that no row knows.

Dialing stays shut until a person has settled the gap (`dialer settle`), for what was called in it cannot be told from
what was not.
"""

from __future__ import annotations

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from dialer import log
from dialer.calls import gap, gate
from dialer.calls.models import DialingGate
from dialer.db import Sessions, transaction
from dialer.errors import DialerError
from dialer.telephony.base import Carrier

UNKNOWN = (gap.Standing.OURS, gap.Standing.HOMELESS)
logger = log.get(__name__)


def compare(sessions: Sessions, carrier: Carrier, *, grace_s: float) -> list[str]:
    """Compare the cluster's identity and the carrier's calls with our rows; shut the gate if they disagree.

    Returns:
        What was found, in words; empty when all is well, or the carrier cannot be asked.
    """
    with transaction(sessions) as tx:
        found = _other_cluster(tx.session)
        since = gap.since(tx.session, grace_s=grace_s)
    try:
        found += [
            f"the carrier has call {call.carrier_id} of {call.created_at}, and no row has"
            for call in carrier.list_since(since)
            if call.ordered and gap.look(sessions, carrier, call).standing in UNKNOWN
        ]
    except DialerError as error:
        logger.warning("not compared with the carrier", error=str(error))
    if found:
        why = f"restore noticed: {found[0]}" + (f", and {len(found) - 1} more" if len(found) > 1 else "")
        with transaction(sessions) as tx:
            if not gate.awaits_settling(tx.session):
                gate.shut(tx.session, by=gate.RESTORE, why=why)
        logger.error("restore noticed", found=len(found), first=found[0])
    return found


def _other_cluster(session: Session) -> list[str]:
    """Whether the cluster is another one, or on another timeline, than when it was last seen; remember what it is."""
    identifier, timeline = session.execute(
        text(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()),"
            " (SELECT timeline_id FROM pg_control_checkpoint())"
        )
    ).one()
    seen = session.execute(select(DialingGate.system_identifier, DialingGate.timeline).where(DialingGate.id == 1)).one()
    if tuple(seen) == (identifier, timeline):
        return []
    session.execute(
        update(DialingGate).where(DialingGate.id == 1).values(system_identifier=identifier, timeline=timeline)
    )
    return [f"the database cluster was {seen[0]}/{seen[1]} and is {identifier}/{timeline}"] if seen[0] else []
