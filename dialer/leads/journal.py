"""The journal of opt-outs: a file outside the database, only ever appended to, that a restore of the database spares.

Each opt-out is a line of JSON per number, written and fsynced before its transaction commits. One whose transaction
then fails stands in the journal all the same: the person has said it. A journal that cannot be written stops no
opt-out; what it lacks is logged, shown by `dialer doctor` and appended by `dialer settle`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, literal, or_, select
from sqlalchemy.orm import Session

from dialer import log
from dialer.leads.models import Suppression

TAIL_BYTES: Final = 1 << 20
"""Some thousand opt-outs: more do not come between a restore and the first look at what it forgot."""
ASKED_AT_ONCE: Final = 1000
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One opt-out of one number."""

    organization_id: UUID
    phone: str
    """E.164."""
    phone_hash: str
    how: str
    source: str
    """spoken, digit, sms, api, csv, carrier, operator."""
    call_id: UUID | None
    at: datetime
    """Campaign time."""
    wall: datetime
    """The database's own time."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The file, whoever writes it: threads and processes take turns by its lock."""

    path: Path

    def record(self, entries: Sequence[Entry]) -> bool:
        """Append opt-outs. Returns whether they are on disk; a failure is logged and raises nothing."""
        try:
            self.append(entries)
        except OSError as error:
            logger.error("opt-outs not in the journal", journal=str(self.path), error=str(error), count=len(entries))
            return False
        return True

    def append(self, entries: Sequence[Entry]) -> None:
        """Append opt-outs in one write, and wait until the disk has them.

        Raises:
            OSError: the file cannot be written.
        """
        if not entries:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = b"".join(_line(entry) for entry in entries)
            if _is_torn(file.fileno()):
                lines = b"\n" + lines
            written = file.write(lines)
            os.fsync(file.fileno())
        if written != len(lines):
            raise OSError(f"only {written} of {len(lines)} bytes fit")

    def try_out(self) -> None:
        """See whether it can be written, and write nothing.

        Raises:
            OSError: it cannot.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))

    def youngest(self, within: int = TAIL_BYTES) -> list[Entry]:
        """Read the last opt-outs, oldest first, of so many bytes at the end.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return []
        return [entry for entry in self.entries(after=size - within) if entry is not None]

    def entries(self, after: int = 0) -> Iterator[Entry | None]:
        """Read the opt-outs, oldest first; None stands for a line that cannot be read.

        Args:
            after: from the first line on that begins behind so many bytes.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            if after > 0:
                file.seek(after - 1)
                file.readline()
            for line in file:
                if line.strip():
                    yield _read(line)


def missing(session: Session, entries: Iterable[Entry]) -> list[Entry]:
    """Return the opt-outs that no suppression knows of, the first of each number."""
    found: dict[tuple[UUID, str], Entry] = {}
    rest = iter(entries)
    while some := list(islice(rest, ASKED_AT_ONCE)):
        known = _known(session, some)
        for entry in some:
            if not {(entry.organization_id, name) for name in (entry.phone, entry.phone_hash)} & known:
                found.setdefault((entry.organization_id, entry.phone), entry)
    return list(found.values())


def _known(session: Session, entries: Sequence[Entry]) -> set[tuple[UUID, str]]:
    """Which of their numbers and hashes are suppressed, with the organization."""
    known: set[tuple[UUID, str]] = set()
    for organization_id in {entry.organization_id for entry in entries}:
        mine = [entry for entry in entries if entry.organization_id == organization_id]
        for names in session.execute(
            select(Suppression.phone, Suppression.phone_hash).where(
                Suppression.organization_id == organization_id,
                or_(
                    Suppression.phone == any_(literal([entry.phone for entry in mine], ARRAY(Text))),
                    Suppression.phone_hash == any_(literal([entry.phone_hash for entry in mine], ARRAY(Text))),
                ),
            )
        ):
            known |= {(organization_id, name) for name in names if name}
    return known


def unwritten(session: Session, entries: Iterable[Entry]) -> list[Entry]:
    """Return the suppressions that the journal lacks, as entries. Those whose number was erased are left out."""
    there = {(entry.organization_id, name) for entry in entries for name in (entry.phone, entry.phone_hash)}
    rows = session.scalars(select(Suppression).where(Suppression.phone.is_not(None)).order_by(Suppression.id))
    return [
        Entry(row.organization_id, row.phone, row.phone_hash, row.reason, row.source, row.call_id, row.at, row.wall)
        for row in rows
        if row.phone
        and (row.organization_id, row.phone) not in there
        and (row.organization_id, row.phone_hash) not in there
    ]


def _line(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), default=_text, ensure_ascii=True).encode() + b"\n"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _is_torn(handle: int) -> bool:
    """Whether the last line has no end: its writer died, or the disk was full."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


def _read(line: bytes) -> Entry | None:
    try:
        values = json.loads(line)
        return Entry(
            organization_id=UUID(values["organization_id"]),
            phone=str(values["phone"]),
            phone_hash=str(values["phone_hash"]),
            how=str(values["how"]),
            source=str(values["source"]),
            call_id=UUID(values["call_id"]) if values["call_id"] else None,
            at=datetime.fromisoformat(values["at"]),
            wall=datetime.fromisoformat(values["wall"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
