"""A database of its own for the campaign engine's measurements: a campaign, and as many leads as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench.rows import Bench
from bench.scratch import folder
from dialer import clock, db, provisioning
from dialer.accounts import queries as accounts
from dialer.agents.models import AgentVersion
from dialer.campaigns import lifecycle
from dialer.embedded import servers
from dialer.settings import Settings, Vendors

BY: Final = "bench"
NOON: Final = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""A Tuesday: 10:00 in New York."""
PLACE: Final = "US-NY|America/New_York"
MANY: Final = 10_000
CPS: Final = 1000.0
AT_ONCE: Final = 10_000
"""Leads of a transaction: no statement takes longer than a connection waits for its answer."""

_LEADS = text(
    """
    INSERT INTO leads (organization_id, campaign_id, phone, place, first_name, state, due_at, moved_at)
    SELECT :organization_id, :campaign_id, '+1212' || (2000000 + n), :place, 'Sam', 'due',
           CAST(:now AS timestamptz) - interval '1 hour' + n * interval '100 us', :now
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """
)
_LAST_TO_WORK_OFF = text("SELECT due_at FROM leads WHERE state = 'due' ORDER BY due_at DESC OFFSET :left LIMIT 1")
_WORK_OFF = text(
    """
    UPDATE leads SET state = 'done', disposition = 'not_interested', attempts = 1, due_at = NULL
    WHERE id IN (SELECT id FROM leads WHERE state = 'due' AND due_at <= :until LIMIT :at_once) RETURNING 1
    """
)
_CONSENTS = text(
    """
    INSERT INTO consents (organization_id, phone, type, evidence, source)
    SELECT :organization_id, '+1212' || (2000000 + n), 'written', 'a signed form', 'bench'
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """
)
_LEADS_IN_TURN = text(
    """
    INSERT INTO leads (organization_id, campaign_id, phone, place, first_name, state, due_at, moved_at)
    SELECT :organization_id, :campaign_id, phone, :place, 'Sam', 'due',
           CAST(:due_at AS timestamptz) + (n - 1) * CAST(:apart AS interval), :due_at
    FROM unnest(CAST(:phones AS text[])) WITH ORDINALITY AS given(phone, n)
    RETURNING id
    """
)
_CONSENTS_OF = text(
    """
    INSERT INTO consents (organization_id, phone, type, evidence, source)
    SELECT :organization_id, phone, 'written', 'a signed form', 'bench'
    FROM unnest(CAST(:phones AS text[])) AS given(phone)
    """
)
_PLACE = text("INSERT INTO campaign_places (campaign_id, place) VALUES (:campaign_id, :place) ON CONFLICT DO NOTHING")


@dataclass(frozen=True, slots=True)
class Database:
    """What is there."""

    settings: Settings
    sessions: db.Sessions
    organization_id: UUID
    campaign_id: UUID

    def fill(self, leads: int, *, first: int = 1) -> None:
        """Add leads with written consent that are due, numbered from `first`, and let PostgreSQL count them."""
        values = {"organization_id": self.organization_id, "campaign_id": self.campaign_id, "now": NOON, "place": PLACE}
        end = first + leads
        for begin in range(first, end, AT_ONCE):
            span = {"first": begin, "last": min(begin + AT_ONCE, end) - 1}
            with db.transaction(self.sessions) as tx:
                tx.session.execute(_LEADS, values | span)
                tx.session.execute(_CONSENTS, values | span)
                tx.session.execute(_PLACE, values)
        self.analyze()

    def work_off(self, *, left: int) -> None:
        """Have all due leads been called but so many, the last ones, and let PostgreSQL clean up behind that."""
        with self.sessions() as session:
            until = session.scalar(_LAST_TO_WORK_OFF, {"left": left})
        called = until is not None
        while called:
            with db.transaction(self.sessions) as tx:
                called = bool(tx.session.scalars(_WORK_OFF, {"until": until, "at_once": AT_ONCE}).all())
        self.analyze()

    def add(self, phones: Sequence[str], *, due_at: datetime, apart: timedelta) -> tuple[int, int]:
        """Add leads that come due one after another. Returns the first id and the last."""
        values = {"organization_id": self.organization_id, "campaign_id": self.campaign_id, "phones": list(phones)}
        with db.transaction(self.sessions) as tx:
            rows = {"place": PLACE, "due_at": due_at, "apart": apart}
            ids = tx.session.scalars(_LEADS_IN_TURN, values | rows).all()
            tx.session.execute(_CONSENTS_OF, values)
            tx.session.execute(_PLACE, {"campaign_id": self.campaign_id, "place": PLACE})
        return min(ids), max(ids)

    def start(self) -> None:
        """Start the campaign, which must have leads."""
        with db.transaction(self.sessions) as tx:
            lifecycle.start(tx.session, self.campaign_id, now=clock.now(tx.session), by=BY)

    def analyze(self) -> None:
        """Let PostgreSQL count its rows, as its own daemon would in time."""
        with psycopg.connect(self.settings.database_url, autocommit=True) as patient:
            patient.execute("SET statement_timeout = 0")
            patient.execute("VACUUM ANALYZE")


@contextmanager
def database(bench: Bench, name: str) -> Iterator[Database]:
    """Have servers and a campaign, a draft, for as long as the block lasts."""
    vendors = Vendors(twilio_account_sid="AC" + "b" * 32, twilio_caller_id="+12125550100")
    with (
        folder(bench, name) as place,
        servers(Settings(data_dir=place, vendors=vendors)) as settings,
        drafted(settings) as there,
    ):
        yield there


@contextmanager
def drafted(settings: Settings, *, cps: float = CPS) -> Iterator[Database]:
    """Migrate and provision the database of running servers; have a campaign, a draft.

    Args:
        settings: with the servers' URLs and a carrier account.
        cps: calls per second of that account.
    """
    provisioning.bring_up(settings, carrier_cps=cps)
    engine = db.engine(settings.database_url, pool_size=4)
    sessions = db.sessions(engine)
    try:
        with db.transaction(sessions) as tx:
            clock.jump(tx.session, NOON, by=BY, why="the measurement's own time")
            organization_id = accounts.organization(tx.session, settings.organization)
            campaign_id = _campaign(tx.session, organization_id)
        yield Database(settings, sessions, organization_id, campaign_id)
    finally:
        engine.dispose()


def _campaign(session: Session, organization_id: UUID) -> UUID:
    version_id = session.scalars(select(AgentVersion.id).where(AgentVersion.organization_id == organization_id)).first()
    return lifecycle.create(
        session,
        organization_id=organization_id,
        name=BY,
        agent=str(version_id),
        region="US",
        windows="mon-sun 00:00-24:00",
        concurrency=MANY,
        cps=CPS,
        now=clock.now(session),
        by=BY,
    ).id
