"""What a person or a program may do, once for the API and the console: role, transaction, audit event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile

from dialer import clock, db
from dialer.accounts import audit, queries
from dialer.accounts.models import Role
from dialer.accounts.principal import Principal
from dialer.calls import gate, testing
from dialer.campaigns import lifecycle, listing
from dialer.campaigns import queries as campaign_queries
from dialer.campaigns.listing import CampaignView
from dialer.errors import BadInput, NotAllowed
from dialer.leads import importing, optout
from dialer.leads.importing import Attestation, ImportReport
from dialer.leads.models import ConsentType
from dialer.leads.optout_list import readings
from dialer.leads.phones import Refusal
from dialer.web import files
from dialer.web.state import WebState

FILENAME_CHARACTERS = 200


class Verb(StrEnum):
    """What may be done to a campaign."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


_DO = {
    Verb.START: lifecycle.start,
    Verb.PAUSE: lifecycle.pause,
    Verb.RESUME: lifecycle.resume,
    Verb.STOP: lifecycle.stop,
}


def create_campaign(state: WebState, who: Principal, **values: Any) -> CampaignView:
    """Create a draft; `values` are those of `lifecycle.create`.

    Raises:
        NotAllowed, BadInput, Conflict, NotFound: what is wrong with which value.
    """
    who.require(Role.MANAGER)
    with db.transaction(state.sessions) as tx:
        now = clock.now(tx.session)
        campaign = lifecycle.create(tx.session, organization_id=who.organization_id, now=now, by=who.by, **values)
        audit.write(tx.session, who.organization_id, by=who.by, what="campaign.create", campaign=str(campaign.id))
        return listing.view(tx.session, campaign)


def move_campaign(state: WebState, who: Principal, name_or_id: str, verb: Verb, why: str = "") -> CampaignView:
    """Start, pause, resume or stop a campaign. Doing it twice is no error.

    Raises:
        NotAllowed, NotFound: the role does not cover it, or there is no such campaign.
        IllegalMove, BadInput: the campaign cannot go there from where it stands.
    """
    who.require(Role.MANAGER)
    with db.transaction(state.sessions) as tx:
        campaign = lifecycle.find(tx.session, who.organization_id, name_or_id)
        reason = {"why": why} if why else {}
        moved = _DO[verb](tx.session, campaign.id, now=clock.now(tx.session), by=who.by, **reason)
        if moved:
            audit.write(
                tx.session, who.organization_id, by=who.by, what=f"campaign.{verb}", why=why, campaign=str(campaign.id)
            )
        tx.session.refresh(campaign)
        return listing.view(tx.session, campaign)


def set_gate(state: WebState, who: Principal, *, shut: bool, why: str) -> gate.Gate:
    """Stop all dialing, or let it go on. Any manager may stop it; it takes an admin to go on.

    The gate is the installation's, not a tenant's: only those of the organization that runs it may touch it.

    Raises:
        NotAllowed: the role does not cover it, or it is another organization's.
        BadInput: no reason is given.
    """
    who.require(Role.MANAGER if shut else Role.ADMIN)
    if not why.strip():
        raise BadInput("Say why: everybody who finds dialing stopped or started will read it.")
    with db.transaction(state.sessions) as tx:
        if not runs_installation(state, tx, who):
            raise NotAllowed("Only the organization that runs this installation can stop all of its dialing.")
        change = gate.shut if shut else gate.open_gate
        change(tx.session, by=who.by, why=why.strip())
        what = "dialing.stop" if shut else "dialing.resume"
        audit.write(tx.session, who.organization_id, by=who.by, what=what, why=why.strip())
        return gate.read(tx.session)


def runs_installation(state: WebState, tx: db.Transaction, who: Principal) -> bool:
    """Whether this one's organization is the one that runs the installation."""
    return queries.organization_named(tx.session, state.settings.organization) == who.organization_id


def opt_out(state: WebState, who: Principal, phones: Sequence[str], why: str) -> optout.OptOut:
    """Suppress numbers and stop whatever was about to call them; committed on return.

    Raises:
        NotAllowed: the role does not cover it.
        BadInput: some are no numbers; nothing is changed then.
    """
    who.require(Role.MANAGER)
    with state.sessions() as session:
        regions = campaign_queries.regions(session, who.organization_id, state.settings.default_region)
    read = {phone: readings(phone, regions) for phone in phones}
    if bad := [f"{phone!r}: {meant}" for phone, meant in read.items() if isinstance(meant, Refusal)]:
        raise BadInput("Nothing was changed; these are no numbers to opt out: " + "; ".join(bad))
    numbers = sorted(set[str]().union(*(meant for meant in read.values() if not isinstance(meant, Refusal))))
    done = optout.opt_out(
        state.sessions,
        who.organization_id,
        numbers,
        how=why,
        source="api",
        by=who.by,
        secret=state.secret,
        journal=state.wiring.journal,
    )
    with db.transaction(state.sessions) as tx:
        audit.write(tx.session, who.organization_id, by=who.by, what="leads.opt_out", why=why, numbers=len(numbers))
    if done.cancel:
        state.wiring.cancel(done.cancel)
    return done


def mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read pairs such as phone=Mobile: our field, and the column's header.

    Raises:
        BadInput: a pair has no equals sign.
    """
    if bad := [pair for pair in pairs if "=" not in pair]:
        raise BadInput(f"A mapping is written field=Column, as in phone=Mobile; this is not: {', '.join(bad)}")
    return {name.strip(): header for name, _, header in (pair.partition("=") for pair in pairs)}


def import_leads(
    state: WebState,
    who: Principal,
    name_or_id: str,
    upload: UploadFile,
    *,
    mapping: Mapping[str, str],
    consent: str,
    consent_evidence: str,
) -> ImportReport:
    """Import an uploaded CSV into a campaign.

    Args:
        state: of this process.
        who: asks.
        name_or_id: the campaign.
        upload: the file.
        mapping: our field → the column's header, in place of what would be guessed.
        consent: express or written: what the importer vouches for; empty for nothing.
        consent_evidence: what proves it.

    Raises:
        NotAllowed, NotFound: the role does not cover it, or there is no such campaign.
        BadInput: what is wrong with the file, the mapping or the consent. Nothing was changed.
    """
    who.require(Role.MANAGER)
    attestation = _attestation(consent.strip(), consent_evidence.strip())
    with state.sessions() as session:
        campaign_id = lifecycle.find(session, who.organization_id, name_or_id).id
    report = importing.import_csv(
        state.sessions,
        source=upload.file,
        filename=Path(upload.filename or "upload.csv").name[:FILENAME_CHARACTERS],
        organization_id=who.organization_id,
        campaign_id=campaign_id,
        mapping=mapping,
        consent=attestation,
        by=who.by,
        rejects_dir=files.rejects_dir(state.settings),
        secret=state.secret,
    )
    with db.transaction(state.sessions) as tx:
        detail = {"campaign": str(campaign_id), "import": str(report.import_id), "imported": report.imported}
        audit.write(tx.session, who.organization_id, by=who.by, what="leads.import", why="", **detail)
    return report


def test_call(state: WebState, who: Principal, *, agent: str, phone: str) -> UUID:
    """Let an agent call a phone of the operator's own; return the call's id.

    Raises:
        NotAllowed, NotFound: the role does not cover it, or there is no such agent.
        BadInput, Conflict: no valid number, no caller id, dialing is stopped, or a call to this number is open.
    """
    who.require(Role.MANAGER)
    call_id = testing.place_test_call(
        state.sessions,
        organization_id=who.organization_id,
        phone=phone,
        agent=agent,
        by=who.by,
        messages=state.wiring.messages,
    )
    with db.transaction(state.sessions) as tx:
        audit.write(tx.session, who.organization_id, by=who.by, what="call.test", call=str(call_id))
    return call_id


def _attestation(consent: str, evidence: str) -> Attestation | None:
    if not consent:
        if evidence:
            raise BadInput("Evidence of consent is given, but not which consent it proves: express or written.")
        return None
    if consent not in set(ConsentType):
        raise BadInput(f'There is no consent "{consent}": it is express or written.')
    if not evidence:
        raise BadInput("Say what proves this consent: the form, its date, the version of its text.")
    return Attestation(ConsentType(consent), evidence)
