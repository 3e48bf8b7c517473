"""Importing a CSV with all its checks, against COPY of the clean rows into a table with the same indexes."""

from __future__ import annotations

import resource
import time
from io import StringIO
from pathlib import Path
from typing import Final, cast

from psycopg import Connection
from sqlalchemy import text

from bench.database import BY, NOON, PLACE, Database, database
from bench.rows import Bench, Figure, Row
from bench.spread import Spread
from dialer.leads.importing import Attestation, import_csv
from dialer.leads.models import ConsentType

ROWS: Final = 200_000
QUICK_ROWS: Final = 5_000
RUNS: Final = 2
_COLUMNS: Final = "organization_id, campaign_id, phone, place, first_name, state, due_at, moved_at"


def measure(bench: Bench) -> Row:
    """Import and copy different numbers, one after the other."""
    rows = QUICK_ROWS if bench.quick else ROWS
    ours, theirs, grown_mb = [], [], []
    with database(bench, "import") as there:
        for run in range(RUNS):
            bench.tell(f"import: {rows:,} rows, {run + 1} of {RUNS} …")
            file = _csv(bench.home / "import.csv", first=2 * run * rows, rows=rows)
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            ours.append(rows / _import_s(there, file))
            grown_mb.append((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024)
            file.unlink()
            theirs.append(rows / _copy_s(there, first=(2 * run + 1) * rows, rows=rows))
    found, copied = Spread.of(ours), Spread.of(theirs)
    rate = Figure("rows", "1/s", found, {"COPY": copied}, "≥ 0.5 of it", found.median >= copied.median / 2)
    return Row("import", (rate, Figure("memory grown by it", "MB", Spread.of(grown_mb))))


def _import_s(there: Database, file: Path) -> float:
    began = time.perf_counter()
    report = import_csv(
        there.sessions,
        source=file,
        filename=file.name,
        organization_id=there.organization_id,
        campaign_id=there.campaign_id,
        consent=Attestation(ConsentType.WRITTEN, "a signed form"),
        by=BY,
        rejects_dir=there.settings.data_dir / "rejects",
        secret="bench",
    )
    took_s = time.perf_counter() - began
    if report.imported != report.rows:
        raise ValueError(f"{report.imported} of {report.rows} rows were imported: {dict(report.rejected)}")
    return took_s


def _copy_s(there: Database, *, first: int, rows: int) -> float:
    """COPY the rows that an import would make, into the table of leads itself."""
    clean = StringIO()
    head = f"{there.organization_id}\t{there.campaign_id}\t"
    tail = f"\t{PLACE}\tSam\tdue\t{NOON.isoformat()}\t{NOON.isoformat()}\n"
    clean.writelines(f"{head}{_phone(first + number)}{tail}" for number in range(rows))
    with there.sessions.kw["bind"].connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        driver = cast("Connection[object]", connection.connection.driver_connection)
        began = time.perf_counter()
        with driver.cursor() as cursor, cursor.copy(f"COPY leads ({_COLUMNS}) FROM STDIN") as copy:
            copy.write(clean.getvalue())
        driver.commit()
        return time.perf_counter() - began


def _csv(file: Path, *, first: int, rows: int) -> Path:
    with file.open("w", encoding="utf-8") as out:
        out.write("First name,Phone,Company,E-Mail\n")
        out.writelines(f"Sam,{_phone(first + n)},Acme {n},sam{n}@example.com\n" for n in range(rows))
    return file


def _phone(number: int) -> str:
    """A valid number of New York, another one for each number."""
    return f"+1{(212, 646, 917)[number // 7_000_000 % 3]}{2_000_000 + number % 7_000_000}"
