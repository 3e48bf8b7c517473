"""Noticing that the database was put back to an older state.

The carrier then knows calls that no row knows, or the journal opt-outs. Dialing stays shut until a person has settled
the gap (`dialer settle`), for what was called in it cannot be told from what was not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select, text, update
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.accounts.models import Organization
from dialer.calls import gap, gap_settling, gate
from dialer.calls.gap_settling import Restored
from dialer.calls.models import Call, DialingGate
from dialer.db import Sessions, transaction
from dialer.errors import DialerError
from dialer.leads import journal as journals
from dialer.leads.journal import Entry
from dialer.leads.models import Suppression
from dialer.telephony.base import Carrier

UNKNOWN = (gap.Standing.OURS, gap.Standing.HOMELESS)
UNDER_WAY = timedelta(minutes=1)
"""An opt-out that is younger may be in the journal and about to commit."""
logger = log.get(__name__)


def compare(sessions: Sessions, carrier: Carrier, *, grace_s: float, restored: Restored | None = None) -> list[str]:
    """Compare the cluster's identity, the carrier's calls and the journal with our rows; shut the gate if they differ.

    Args:
        restored: has the journal, and what suppressing again needs; without it no journal is looked at.

    Returns:
        What was found, in words; empty when all is well, or what knows more cannot be asked.
    """
    with transaction(sessions) as tx:
        found = _other_cluster(tx.session)
        since = gap.since(tx.session, grace_s=grace_s)
    missing = _missing(restored) if restored is not None else []
    found += _forgotten(sessions, missing)
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
    elif restored is not None and missing:  # of a restore they are the signs by which settling looks back: it has them
        imported = gap_settling.bring_back(missing, restored, by=gate.RESTORE)
        logger.warning("opt-outs made again from the journal", number=imported)
    return found


def _missing(on: Restored) -> list[Entry]:
    """The journal's opt-outs that no row has. What a restore forgot, is at its end; only then all of it is read."""
    try:
        with transaction(on.settling.sessions) as tx:
            organizations = set(tx.session.scalars(select(Organization.id)))
            if not _of(organizations, journals.missing(tx.session, on.journal.youngest())):
                return []
            every = (entry for entry in on.journal.entries() if entry is not None)
            return _of(organizations, journals.missing(tx.session, every))
    except OSError as error:
        logger.error("not compared with the journal", error=str(error))
        return []


def _of(organizations: set[UUID], entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.organization_id in organizations]


def _forgotten(sessions: Sessions, missing: list[Entry]) -> list[str]:
    """Say which opt-outs a restore has taken away; others are under way, or their commit failed."""
    if not missing:
        return []
    with transaction(sessions) as tx:
        by = clock.wall(tx.session) - UNDER_WAY
        return [
            f"the journal has an opt-out of {entry.wall}, and no row has"
            for entry in missing
            if entry.wall < by and not _remembered(tx.session, entry.wall)
        ]


def _remembered(session: Session, moment: datetime) -> bool:
    """Whether the rows have anything of the minute after a moment: then they were not put back to before it."""
    until = moment + UNDER_WAY
    seen = (Call.dialing_wall, Call.closed_wall, Suppression.wall)
    return any(session.scalar(select(exists().where(wall.between(moment, until)))) for wall in seen)


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
