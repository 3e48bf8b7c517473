"""Importing a CSV of leads into a campaign: every row is imported, found unchanged, or rejected with its reason.

The file is read as a stream and brought in by batches, each in a transaction of its own; while the database works on
one batch the next is read. A crash in the middle loses nothing: the same file imported again finds what is there and
brings the rest. Rows whose number the campaign has already are `unchanged`, also when they say something else.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker

from dialer import clock, log
from dialer.agents.models import AgentVersion
from dialer.campaigns.models import Campaign
from dialer.db import Sessions, transaction
from dialer.errors import BadInput, NotFound
from dialer.leads import mapping as mappings
from dialer.leads import phones, reading, staging
from dialer.leads.models import Import
from dialer.leads.reading import Row
from dialer.leads.rejects import RejectsFile
from dialer.leads.rows import Attestation, Candidate, Rejected, RowReader

__all__ = ["Attestation", "ImportReport", "import_csv"]

BATCH_ROWS = 4_000
_IN_MEMORY_BYTES = 1 << 22
_TRIES = 3
_TRY_AGAIN = frozenset({"40P01", "40001", "55P03"})
"""Deadlock, serialization failure, lock not available: the batch can simply run again."""

logger = log.get(__name__)


@dataclass(slots=True)
class ImportReport:
    """What came of an import. `rows` = `imported` + `unchanged` + all that was rejected."""

    import_id: UUID
    mapping: dict[str, str]
    """Our field → the column's header."""
    encoding: str
    delimiter: str
    rows: int = 0
    imported: int = 0
    unchanged: int = 0
    """The campaign had the number already."""
    unblocked: int = 0
    """Of the unchanged ones: those that lacked consent, and got it from this file."""
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""
    blocked: Counter[str] = field(default_factory=Counter)
    """Of the imported ones: those that cannot be called, by reason."""
    notes: Counter[str] = field(default_factory=Counter)
    """Cells that could not be made use of, in rows that were not rejected."""
    rejects_file: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the shape that scripts rely on. `rejected` always has `duplicate`."""
        return {
            "import_id": str(self.import_id),
            "rows": self.rows,
            "imported": self.imported,
            "unchanged": self.unchanged,
            "unblocked": self.unblocked,
            "rejected": {staging.DUPLICATE: 0} | dict(sorted(self.rejected.items())),
            "blocked": dict(sorted(self.blocked.items())),
            "notes": dict(sorted(self.notes.items())),
            "rejects_file": self.rejects_file,
            "mapping": self.mapping,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """An opened CSV whose columns are known."""

    shape: reading.Shape
    columns: mappings.Columns
    rows: Iterator[Row]
    """Of data, without the header."""


def import_csv(
    sessions: Sessions,
    *,
    source: Path | BinaryIO,
    filename: str,
    organization_id: UUID,
    campaign_id: UUID,
    mapping: Mapping[str, str] | None = None,
    consent: Attestation | None = None,
    by: str,
    rejects_dir: Path,
    secret: str,
) -> ImportReport:
    """Bring a CSV of leads into a campaign.

    Args:
        source: a file's path, or a binary stream, which is read from its start and left open.
        filename: what the file is called, for the record.
        mapping: our field → column header, in place of what would be guessed; an empty header takes a field off.
        consent: what the importer vouches for; it holds for rows that say nothing about consent themselves.
        by: who imports.
        rejects_dir: where the rejected rows go, in a file named after the import.
        secret: keys the hashes of suppressed numbers.

    Raises:
        BadInput: the file is empty, unreadable or has no phone column, or the mapping names what is not there. Nothing
            was changed.
        NotFound: the organization has no such campaign.
    """
    with _opened(source) as stream:
        with transaction(sessions) as tx:
            campaign = tx.session.scalar(
                select(Campaign).where(Campaign.organization_id == organization_id, Campaign.id == campaign_id)
            )
            if campaign is None:
                raise NotFound("campaign", campaign_id)
            definition = tx.session.scalars(
                select(AgentVersion.definition).where(AgentVersion.id == campaign.agent_version_id)
            ).one()
            lacking = staging.some_lack_consent(tx.session, organization_id, campaign_id)
        region = phones.known_region(campaign.region)
        found = open_source(stream, region, mapping or {})
        purpose = str(definition.get("purpose", "marketing"))
        scope = staging.Scope(organization_id, campaign_id, uuid4(), purpose, by, secret, lacking)
        report = ImportReport(scope.import_id, found.columns.named(), found.shape.encoding, found.shape.delimiter)
        rejects = RejectsFile(rejects_dir.absolute() / f"rejects-{scope.import_id}.csv", found.columns.headers)
        reader = RowReader(found.columns, region, consent, filename)
        with _pinned(sessions) as pinned:
            _begin(pinned, scope, report, filename, found.shape.sha256)
            try:
                _bring_in(pinned, batches(found.rows, reader), scope, report, rejects)
            finally:
                report.rejects_file = rejects.close()
            _finish(pinned, report)
    logger.info("leads imported", import_id=str(scope.import_id), rows=report.rows, imported=report.imported)
    return report


def open_source(stream: BinaryIO, region: str, wanted: Mapping[str, str]) -> Source:
    """Find out what the file is and where its columns are.

    Raises:
        BadInput: as `import_csv` says.
    """
    shape = reading.examine(stream)
    rows = reading.rows(stream, shape)
    head = list(islice(rows, reading.SAMPLE_ROWS + 2))
    if head and _is_separator_line(head[0].cells):
        del head[0]
    first = next((row for row in head if not row.fault), None)
    if first is None:
        raise BadInput("The file has no row that can be read.")
    columns = mappings.guess(first.cells, [row.cells for row in head if row is not first and not row.fault], region)
    columns = mappings.override(columns, wanted)
    if "phone" not in columns.columns:
        raise BadInput(
            f"No column holds phone numbers. Columns are: {', '.join(columns.headers)}. "
            'Say which one it is, as in --map phone="Mobile".'
        )
    body = [row for row in head if row is not first] if columns.has_header else head
    if not body:
        raise BadInput("The file has a header and no rows.")
    return Source(shape, columns, chain(body, rows))


def batches(rows: Iterator[Row], reader: RowReader) -> Iterator[Sequence[Candidate | Rejected]]:
    """Read rows by the batch, each in the order of the file."""
    while batch := [reader.read(row) for row in islice(rows, BATCH_ROWS)]:
        yield batch


def _bring_in(
    pinned: Sessions,
    read: Iterator[Sequence[Candidate | Rejected]],
    scope: staging.Scope,
    report: ImportReport,
    rejects: RejectsFile,
) -> None:
    """Land batch after batch, in the order of the file, one in the database while the next is being read.

    The next one is handed over before the one under way is accounted for: the database never waits for us.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="import") as hand:
        under_way: tuple[Sequence[Candidate | Rejected], Future[staging.Landed]] | None = None
        for rows in read:
            batch = staging.batch_of([row for row in rows if isinstance(row, Candidate)], scope.secret)
            landing = rows, hand.submit(_land, pinned, batch, scope)
            if under_way is not None:
                _account(report, rejects, under_way[0], under_way[1].result())
            under_way = landing
        if under_way is not None:
            _account(report, rejects, under_way[0], under_way[1].result())


def _land(pinned: Sessions, batch: staging.Batch, scope: staging.Scope) -> staging.Landed:
    """Bring a batch in, again if it ran into somebody else's locks."""
    for left in reversed(range(_TRIES)):
        try:
            with transaction(pinned) as tx:
                return staging.land(tx.session, batch, scope, clock.now(tx.session))
        except OperationalError as error:
            if not left or getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                raise
    raise AssertionError("unreachable")


def _account(
    report: ImportReport, rejects: RejectsFile, batch: Sequence[Candidate | Rejected], landed: staging.Landed
) -> None:
    header = report.mapping["phone"]
    column = rejects.headers.index(header)
    report.rows += len(batch)
    report.imported += landed.imported
    report.unchanged += landed.unchanged
    report.unblocked += landed.unblocked
    report.blocked.update(landed.blocked)
    for row in batch:
        if isinstance(row, Rejected):
            report.rejected[row.reason] += 1
            rejects.write(row.line, row.column, row.value, row.reason, row.cells)
        elif reason := landed.rejected.get(row.line):
            report.rejected[reason] += 1
            rejects.write(row.line, header, row.cells[column], reason, row.cells)
        elif row.notes:
            report.notes.update(row.notes)


def _begin(pinned: Sessions, scope: staging.Scope, report: ImportReport, filename: str, sha256: str) -> None:
    with transaction(pinned) as tx:
        staging.prepare(tx.session)
        tx.session.add(
            Import(
                id=scope.import_id,
                organization_id=scope.organization_id,
                campaign_id=scope.campaign_id,
                filename=filename,
                sha256=sha256,
                at=clock.now(tx.session),
                by=scope.by,
                rows=0,
                imported=0,
                unchanged=0,
                rejected={},
                mapping=report.mapping,
            )
        )


def _finish(pinned: Sessions, report: ImportReport) -> None:
    with transaction(pinned) as tx:
        staging.discard(tx.session)
        run = tx.session.get_one(Import, report.import_id)
        run.rows, run.imported, run.unchanged = report.rows, report.imported, report.unchanged
        run.rejected, run.rejects_file = dict(report.rejected), report.rejects_file


@contextmanager
def _pinned(sessions: Sessions) -> Iterator[Sessions]:
    """Sessions that all use one connection, on which temporary tables stay. It is thrown away after a failure."""
    with sessions() as session:
        bind = session.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    with engine.connect() as connection:
        try:
            yield sessionmaker(connection, expire_on_commit=False)
        except BaseException:
            connection.invalidate()
            raise


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a path; make a stream that cannot go back one that can."""
    if isinstance(source, Path):
        try:
            file = source.open("rb")
        except OSError as error:
            raise BadInput(f"{source} cannot be read: {error.strerror}.") from error
        with file:
            yield file
    elif source.seekable():
        yield source
    else:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as copy:
            copyfileobj(source, copy)
            yield cast(BinaryIO, copy)


def _is_separator_line(cells: Sequence[str]) -> bool:
    """Whether this is the line `sep=;` that tells Excel the delimiter; read as a row it ends in an empty cell."""
    return cells[0].strip("\ufeff ").lower().startswith("sep=") and not any(cells[1:])
