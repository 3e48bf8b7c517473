"""A batch of rows brought into the database: one COPY into a staging table, then set-based statements.

Two temporary tables live as long as the import's connection: `staged_leads`, emptied at each commit, and `seen_phones`,
which remembers the numbers of the file so that nobody's memory has to. A batch is one short transaction and can be run
again: what it did already is found done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from dialer.leads.consent import ENOUGH
from dialer.leads.places import Place
from dialer.leads.rows import Candidate
from dialer.leads.suppression import phone_hash

SUPPRESSED = "suppressed"
DUPLICATE = "duplicate"
NO_CONSENT = "no consent"
NOT_IN_WRITING = "no written consent"
NO_ZONE = "no time zone"

_TABLES = (
    "DROP TABLE IF EXISTS pg_temp.staged_leads, pg_temp.seen_phones",
    """
    CREATE TEMPORARY TABLE staged_leads (
        line integer, phone text, phone_hash text, place text, has_zone boolean, first_name text, last_name text,
        company text, email text, fields jsonb, evidence text, text_version text,
        consent_type text, given_at timestamptz
    ) ON COMMIT DELETE ROWS
    """,
    "CREATE TEMPORARY TABLE seen_phones (phone text PRIMARY KEY) ON COMMIT PRESERVE ROWS",
)
_COPY = "COPY staged_leads FROM STDIN"

# While a file comes in, the planner knows nothing of the rows it brought. Subqueries with a LIMIT, and laterals, keep
# it to one index probe per row, where it would otherwise read a growing table once per batch.
_SETTINGS = text("SET LOCAL jit = off")
# Nobody was told yet that a batch is in: the import's last commit waits for the disk, and that is behind all of these.
_NO_HURRY = text("SET LOCAL synchronous_commit = off")
_TAKE_SUPPRESSED = text("""
    DELETE FROM staged_leads s
    WHERE (SELECT true FROM suppressions p
           WHERE p.organization_id = :organization_id AND p.phone = s.phone LIMIT 1)
       OR (SELECT true FROM suppressions p
           WHERE p.organization_id = :organization_id AND p.phone_hash = s.phone_hash LIMIT 1)
    RETURNING phone
""")
# NOT IN is hashed whatever the planner thinks of the tables; numbers are never NULL.
_TAKE_SEEN = text("""
    WITH fresh AS (INSERT INTO seen_phones SELECT phone FROM staged_leads ON CONFLICT DO NOTHING RETURNING phone)
    DELETE FROM staged_leads WHERE phone NOT IN (SELECT phone FROM fresh) RETURNING phone
""")
_ADD_CONSENTS = text("""
    INSERT INTO consents (organization_id, phone, type, text_version, given_at, evidence, source)
    SELECT :organization_id, s.phone, s.consent_type, s.text_version, s.given_at, s.evidence, :source
    FROM staged_leads s
    WHERE s.consent_type IS NOT NULL AND (
        SELECT true FROM consents c
        WHERE c.organization_id = :organization_id AND c.phone = s.phone AND c.type = s.consent_type
          AND c.evidence = s.evidence AND c.text_version = s.text_version LIMIT 1) IS NULL
""")
_AGREEMENT = """
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS agreed, coalesce(bool_or(c.type = ANY(:enough)), false) AS covered
        FROM consents c
        WHERE c.organization_id = :organization_id AND c.phone = s.phone AND c.revoked_at IS NULL) agreement
"""
_LACKING = text(f"""
    SELECT EXISTS (SELECT FROM leads WHERE organization_id = :organization_id AND campaign_id = :campaign_id
                   AND state = 'blocked' AND reason IN ('{NO_CONSENT}', '{NOT_IN_WRITING}'))
""")  # noqa: S608, RUF100 - constants of this module only
# A lead that was blocked for want of a consent which this file brings may be called from now on.
_UNBLOCK = text(f"""
    WITH freed AS (
        UPDATE leads SET state = 'due', reason = '', due_at = :now, moved_at = :now
        WHERE state = 'blocked' AND reason IN ('{NO_CONSENT}', '{NOT_IN_WRITING}') AND place NOT LIKE '%|'
          AND id = ANY (ARRAY(
            SELECT there.id FROM staged_leads s
            CROSS JOIN LATERAL (
                SELECT l.id FROM leads l
                WHERE l.organization_id = :organization_id AND l.campaign_id = :campaign_id AND l.phone = s.phone
                LIMIT 1) there
            {_AGREEMENT}
            WHERE s.consent_type IS NOT NULL AND agreement.covered))
        RETURNING id)
    INSERT INTO lead_moves (lead_id, state, at, by, why, due_at)
    SELECT id, 'due', :now, :by, 'consent given', :now FROM freed
    RETURNING lead_id
""")  # noqa: S608, RUF100 - constants of this module only
_ADD_LEADS = text(f"""
    WITH judged AS MATERIALIZED (
        SELECT s.*, CASE WHEN NOT s.has_zone THEN '{NO_ZONE}'
                         WHEN agreement.covered THEN ''
                         WHEN agreement.agreed THEN '{NOT_IN_WRITING}'
                         ELSE '{NO_CONSENT}' END AS reason
        FROM staged_leads s {_AGREEMENT}),
    added AS (
        INSERT INTO leads (organization_id, campaign_id, phone, place, first_name, last_name, company, email, fields,
                           state, reason, due_at, import_id, line, moved_at)
        SELECT :organization_id, :campaign_id, phone, place, first_name, last_name, company, email, fields,
               CASE reason WHEN '' THEN 'due' ELSE 'blocked' END, reason, CASE reason WHEN '' THEN :now END,
               :import_id, line, :now
        FROM judged ORDER BY phone
        ON CONFLICT (campaign_id, phone) DO NOTHING
        RETURNING id, place, state, reason, due_at),
    moved AS (
        INSERT INTO lead_moves (lead_id, state, at, by, why, due_at)
        SELECT id, state, :now, :by, CASE reason WHEN '' THEN 'imported' ELSE reason END, due_at FROM added),
    placed AS (
        INSERT INTO campaign_places (campaign_id, place)
        SELECT DISTINCT CAST(:campaign_id AS uuid), place FROM added ORDER BY place
        ON CONFLICT DO NOTHING)
    SELECT reason, count(*) FROM added GROUP BY reason
""")  # noqa: S608, RUF100 - constants of this module only

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ROWS_OF_A_WRITE = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose leads a file brings, into which campaign, under which import."""

    organization_id: UUID
    campaign_id: UUID
    import_id: UUID
    purpose: str
    by: str
    secret: str
    some_lack_consent: bool
    """Whether the campaign has leads that were blocked for want of consent before this import."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a batch."""

    imported: int = 0
    unchanged: int = 0
    unblocked: int = 0
    blocked: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Of the imported ones, by reason."""
    rejected: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Line → reason, of the rows that only the database could judge."""


def some_lack_consent(session: Session, organization_id: UUID, campaign_id: UUID) -> bool:
    """Whether the campaign has leads that are blocked for want of consent."""
    return bool(session.scalar(_LACKING, {"organization_id": organization_id, "campaign_id": campaign_id}))


def prepare(session: Session) -> None:
    """Make the temporary tables on this session's connection, which later sessions of the import must share."""
    for statement in _TABLES:
        session.execute(text(statement))


def discard(session: Session) -> None:
    """Drop the temporary tables, so that the connection goes back to its pool as it came."""
    session.execute(text(_TABLES[0]))


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows on their way into the database."""

    candidates: Sequence[Candidate]
    first: Mapping[str, Candidate]
    """By number, the first candidate of the batch that has it."""
    encoded: Sequence[str]
    """Those, in COPY's text format."""


def batch_of(candidates: Sequence[Candidate], secret: str) -> Batch:
    """Do all of landing a batch that needs no database.

    Args:
        candidates: in the order of the file.
        secret: keys the hashes of suppressed numbers.
    """
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.phone, candidate)
    return Batch(candidates, first, tuple(_encoded(first.values(), secret)))


def land(session: Session, batch: Batch, scope: Scope, now: datetime) -> Landed:
    """Bring a batch in. A number that the file had before, in this batch or an earlier one, is a duplicate.

    A lead that the campaign has already stays as it is, whatever else the row says: a file never takes back what was
    learned in calls. Only a block for want of consent is lifted, if the row brings the consent.
    """
    first = batch.first
    if not first:
        return Landed()
    session.execute(_SETTINGS)
    session.execute(_NO_HURRY)
    _copy(session, batch.encoded)
    values: dict[str, Any] = {
        "organization_id": scope.organization_id,
        "campaign_id": scope.campaign_id,
        "import_id": scope.import_id,
        "source": str(scope.import_id),
        "by": scope.by,
        "now": now,
        "enough": [kind.value for kind in ENOUGH.get(scope.purpose, ())],
    }
    suppressed = frozenset(session.scalars(_TAKE_SUPPRESSED, values))
    seen_before = frozenset(session.scalars(_TAKE_SEEN))
    unblocked = 0
    if any(candidate.consent for candidate in batch.candidates):
        session.execute(_ADD_CONSENTS, values)
        if scope.some_lack_consent:
            unblocked = len(session.scalars(_UNBLOCK, values).all())
    added = Counter({str(reason): int(count) for reason, count in session.execute(_ADD_LEADS, values)})
    imported = added.total()
    unchanged = len(first) - len(suppressed) - len(seen_before) - imported
    rejected = {candidate.line: SUPPRESSED for candidate in batch.candidates if candidate.phone in suppressed}
    for candidate in batch.candidates:
        if candidate.phone in seen_before or candidate is not first[candidate.phone]:
            rejected.setdefault(candidate.line, DUPLICATE)
    del added[""]
    return Landed(imported, unchanged, unblocked, MappingProxyType(added), MappingProxyType(rejected))


def _copy(session: Session, encoded: Iterable[str]) -> None:
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for part in encoded:
            copy.write(part)


def _encoded(batch: Iterable[Candidate], secret: str) -> Iterator[str]:
    """Write rows in COPY's text format, some hundreds at a time."""
    lines: list[str] = []
    for candidate in batch:
        lines.append(_encode(candidate, secret))
        if len(lines) == _ROWS_OF_A_WRITE:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


@lru_cache(maxsize=4096)
def _written(place: Place) -> str:
    return str(place)


def _encode(candidate: Candidate, secret: str) -> str:
    consent, nothing = candidate.consent, "\\N"
    cells = [
        str(candidate.line), candidate.phone, phone_hash(secret, candidate.phone), _written(candidate.place),
        "t" if candidate.place.zones else "f", candidate.first_name, candidate.last_name, candidate.company,
        candidate.email, orjson.dumps(candidate.fields).decode(),
        consent.evidence if consent else "", consent.text_version if consent else "",
    ]  # fmt: skip
    row = "\t".join(cells)
    if "\\" in row or "\n" in row or "\r" in row or row.count("\t") >= len(cells):
        row = "\t".join(cell.translate(_ESCAPES) for cell in cells)
    kind = consent.type.value if consent else nothing
    given_at = consent.given_at.isoformat() if consent and consent.given_at else nothing
    return f"{row}\t{kind}\t{given_at}\n"
