"""What must stand in the database before anything can be dialed. Doing it again changes nothing."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, inspect, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from dialer import db, migrating, resources
from dialer.accounts import queries as accounts
from dialer.agents import store
from dialer.errors import BadInput, DialerError
from dialer.settings import Settings
from dialer.telephony.models import CallerId, CarrierAccount

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What stands now."""

    organization: str
    carrier_account: str
    caller_id: str
    agents: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `dialer migrate --json` prints it."""
        return asdict(self)


def bring_up(settings: Settings, *, carrier_cps: float | None = None) -> Provisioned:
    """Migrate the database and provision it from the settings.

    Args:
        settings: with the database's URL.
        carrier_cps: calls per second that the carrier starts for us; None leaves what is stored (1 at first).

    Raises:
        BadInput: the caller id is no E.164 number, or an agent's file cannot be read. Nothing is provisioned then.
        DialerError: the database cannot be migrated.
    """
    migrating.upgrade(settings.database_url)
    engine = db.engine(settings.database_url, pool_size=1)
    try:
        with db.transaction(db.sessions(engine)) as tx:
            return provision(tx.session, settings, carrier_cps=carrier_cps)
    finally:
        engine.dispose()


def require_empty(database_url: str) -> None:
    """Make sure that a database holds nothing.

    Raises:
        BadInput: it has tables.
        DialerError: it cannot be reached.
    """
    engine = db.engine(database_url, pool_size=1)
    try:
        tables = inspect(engine).get_table_names()
    except OperationalError as error:
        raise DialerError(f"The database cannot be reached: {str(error.orig).splitlines()[0]}") from error
    finally:
        engine.dispose()
    if tables:
        raise BadInput(
            "DATABASE_URL names a database in use. A demo moves the clock: give it an empty one, or unset it."
        )


def provision(session: Session, settings: Settings, *, carrier_cps: float | None = None) -> Provisioned:
    """Make the organization, its carrier account and caller id if the settings name them, and the agents' versions."""
    organization_id = accounts.organization(session, settings.organization)
    if settings.carrier_account:
        account_id = _carrier_account(session, organization_id, settings.carrier, settings.carrier_account, carrier_cps)
        if settings.caller_id:
            _caller_id(session, organization_id, account_id, settings.caller_id)
    agents = store.sync_folder(session, organization_id, resources.config_dir() / "agents")
    return Provisioned(
        organization=settings.organization,
        carrier_account=settings.carrier_account,
        caller_id=settings.caller_id,
        agents=tuple(f"{version.definition['name']} (version {version.number})" for version in agents),
    )


def _carrier_account(session: Session, organization_id: UUID, vendor: str, account: str, cps: float | None) -> UUID:
    row = insert(CarrierAccount).values(
        organization_id=organization_id, vendor=vendor, account=account, **({} if cps is None else {"cps": cps})
    )
    changes = {"vendor": vendor} if cps is None else {"cps": cps}
    return session.scalars(
        row.on_conflict_do_update(index_elements=["organization_id", "vendor", "account"], set_=changes).returning(
            CarrierAccount.id
        )
    ).one()


def _caller_id(session: Session, organization_id: UUID, account_id: UUID, phone: str) -> None:
    if not _E164.fullmatch(phone):
        raise BadInput(f"TWILIO_CALLER_ID is {phone!r}; it must be in E.164, such as +12125550100.")
    owner = session.scalar(
        select(CallerId.carrier_account_id).where(CallerId.organization_id == organization_id, CallerId.phone == phone)
    )
    if owner is None:
        session.add(
            CallerId(
                organization_id=organization_id,
                carrier_account_id=account_id,
                phone=phone,
                verified_at=session.scalar(func.clock_timestamp()),
            )
        )
