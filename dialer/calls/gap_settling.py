"""`dialer settle`: after a restore, bring the rows up to what the carrier, the journal and the recordings know.

Nothing is dialed meanwhile, and the gate stays as it is: opening it is a person's decision. Whatever stops this
half-way is harmless: it starts again where it was, and what is settled is not touched again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select

from dialer import log
from dialer.accounts.models import Organization
from dialer.calls import gap, gap_rows, gate, settling
from dialer.calls.gap import BY, Standing
from dialer.calls.gap_rows import Kept, Made
from dialer.calls.models import Call
from dialer.calls.settling import Settling
from dialer.calls.states import CallState
from dialer.crm import queries as outbox
from dialer.db import transaction
from dialer.errors import Conflict, DialerError
from dialer.leads import journal as journals
from dialer.leads import optout
from dialer.leads.journal import Entry, Journal
from dialer.outcomes import finishing
from dialer.telephony.base import CarrierCall

OPEN_AT_CARRIER = (
    CallState.PLACED,
    CallState.RINGING,
    CallState.ANSWERED,
    CallState.TALKING,
    CallState.TRANSFERRED,
)
ALWAYS_LOST = (
    "what was said in calls of the gap, and what people agreed to: their outcomes carry no summary",
    "calls that people made to us in the gap, but for their recordings",
    "imports, campaigns, consents and users of the gap: make them again before dialing goes on",
    "what the CRMs were told in the gap: outcomes written now carry the same keys where the call's id is known",
)
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """What settling a restore needs."""

    settling: Settling
    journal: Journal
    recordings: Path
    secret: str


@dataclass(slots=True)
class Settled:
    """What was found, and what became of it."""

    since: datetime
    """From when on the carrier was asked."""
    carrier_calls: int = 0
    known: int = 0
    foreign: int = 0
    made: list[Made] = field(default_factory=list)
    """Rows that were made or sent on."""
    held: list[str] = field(default_factory=list)
    """What keeps dialing shut, in words: settle again."""
    opt_outs_in_journal: int = 0
    opt_outs_imported: int = 0
    opt_outs_journaled: int = 0
    """Suppressions that the journal lacked, and has now."""
    messages_in_doubt: int = 0
    """SMS and mails that the backup had as unsent: they are asked about, or shown, and not sent."""
    lost: list[str] = field(default_factory=list)
    """What cannot be recovered, in words."""

    def as_json(self) -> dict[str, Any]:
        """As one object."""
        return asdict(self)


def settle(on: Restored, *, since: datetime | None = None) -> Settled:
    """Settle the gap of a restore. A second time, it changes nothing.

    Args:
        since: ask the carrier from here on, in place of what the rows, the journal and the recordings suggest.

    Raises:
        Conflict: dialing is not stopped.
        CarrierBusy, CarrierSilent: the carrier cannot be asked for its list.
        OSError: the journal cannot be read.
    """
    sessions = on.settling.sessions
    read = list(on.journal.entries())
    entries = [entry for entry in read if entry is not None]
    with transaction(sessions) as tx:
        if not gate.is_shut(tx.session):
            raise Conflict("Dialing is allowed, and calls that start now look like the gap's: stop-dialing first.")
        missing = journals.missing(tx.session, entries)
        recordings = gap.recordings_without_row(tx.session, on.recordings)
        signs = [entry.wall for entry in missing] + [written for _, written in recordings.values()]
        since = since or gap.since(tx.session, grace_s=on.settling.grace_s, signs=signs)
        in_doubt = outbox.doubt(tx.session, before=gate.read(tx.session).since)
    done = Settled(since.astimezone(UTC), opt_outs_in_journal=len(entries), messages_in_doubt=in_doubt)
    said = {entry.call_id: entry.at for entry in entries if entry.call_id}
    _past(on.settling, said, done)
    for call in sorted(on.settling.carrier.list_since(since), key=lambda call: call.created_at or since):
        if call.ordered:
            done.carrier_calls += 1
            try:
                _one(call, on, recordings, said, done)
            except DialerError as error:  # one call that cannot be asked about must not hide the others
                done.held.append(f"{call.carrier_id}: {error}")
    # The signs of the gap go last: whoever comes after a process that died here must find them.
    done.opt_outs_imported = _opt_outs(missing, on, done)
    done.opt_outs_journaled = _complete(entries, on)
    done.lost += _lost(on, done, unreadable=len(read) - len(entries))
    return done


def _past(on: Settling, said: Mapping[Any, datetime], done: Settled) -> None:
    """Ask about the calls that were open in the restored state, in the ordinary ways."""
    settling.give_up_waiting(on.sessions)
    with transaction(on.sessions) as tx:
        unknown = tx.session.scalars(select(Call.id).where(Call.state == CallState.UNKNOWN)).all()
        placed = tx.session.scalars(
            select(Call.id).where(Call.carrier_id.is_not(None), Call.state.in_(OPEN_AT_CARRIER))
        ).all()
    for call_id in unknown:
        if (word := settling.settle(call_id, on)) in ("held", "not there yet"):
            done.held.append(f"call {call_id} is unknown: {word}")
    for call_id in placed:
        settling.poll(call_id, on)
        _finish(call_id, on, said)


def _one(
    call: CarrierCall,
    on: Restored,
    recordings: dict[Any, tuple[str, datetime]],
    said: dict[Any, datetime],
    done: Settled,
) -> None:
    """Look at one carrier call, and give it its row if it has none."""
    found = gap.look(on.settling.sessions, on.settling.carrier, call)
    match found.standing:
        case Standing.KNOWN:
            done.known += 1
        case Standing.FOREIGN:
            done.foreign += 1
        case Standing.HOMELESS:
            done.held.append(f"{call.carrier_id} shows {call.from_number}, which is no caller id: add it (migrate)")
        case Standing.SOUGHT:
            done.held.append(f"{call.carrier_id}: a call to the same number is not settled yet")
        case Standing.OURS:
            kept = Kept(recordings.get(found.named, ("",))[0], said.get(found.named))
            made = gap_rows.make(found, on.settling, kept)
            if made is None:
                done.held.append(f"{call.carrier_id}: another call to the same number is open")
                return
            done.made.append(made)
            _finish(made.call_id, on.settling, said)


def _finish(call_id: Any, on: Settling, said: Mapping[Any, datetime]) -> None:
    """Write the outcome of a call that is over, before the next call of its lead is looked at.

    An opt-out that the journal has is made with its evidence, later.
    """
    how = replace(on.finishing, opt_out=lambda *_: None) if call_id in said else on.finishing
    try:
        finishing.finish(call_id, how)
    except DialerError as error:  # the sweep comes back for it
        logger.warning("outcome not written", call_id=str(call_id), error=str(error))


def _opt_outs(missing: list[Entry], on: Restored, done: Settled) -> int:
    with transaction(on.settling.sessions) as tx:
        organizations = set(tx.session.scalars(select(Organization.id)))
    mine = [entry for entry in missing if entry.organization_id in organizations]
    if strange := len(missing) - len(mine):
        done.lost.append(f"{strange} opt-outs of the journal: no row has their organization")
    return bring_back(mine, on, by=BY)


def bring_back(missing: list[Entry], on: Restored, *, by: str) -> int:
    """Suppress again what the journal has and no row does, with the evidence and the time of then. Returns how many."""
    imported = 0
    for (organization_id, how, source, call_id, at), group in groupby(missing, key=_evidence):
        opted = optout.opt_out(
            on.settling.sessions,
            organization_id,
            [entry.phone for entry in group],
            how=how,
            source=source,
            by=by,
            secret=on.secret,
            call_id=call_id,
            at=at,
        )
        settling.cancel(list(opted.cancel), on.settling)
        imported += opted.suppressed
    return imported


def _evidence(entry: Entry) -> tuple[Any, ...]:
    return entry.organization_id, entry.how, entry.source, entry.call_id, entry.at


def _complete(entries: list[Entry], on: Restored) -> int:
    """Give the journal the opt-outs that it lacks: it could not be written, or is younger than they are."""
    with transaction(on.settling.sessions) as tx:
        lacking = journals.unwritten(tx.session, entries)
    return len(lacking) if on.journal.record(lacking) else 0


def _lost(on: Restored, done: Settled, *, unreadable: int) -> list[str]:
    with transaction(on.settling.sessions) as tx:
        recordings = gap.recordings_without_row(tx.session, on.recordings)
    lost = [f"recording {name}: no row has its call" for name, _ in recordings.values()]
    lost += [
        f"whose lead {made.to_number} was: {made.carrier_id} was made without one"
        for made in done.made
        if made.lead_id is None
    ]
    if unreadable:
        lost.append(f"{unreadable} torn lines of the journal")
    return lost + list(ALWAYS_LOST if done.made else ())
