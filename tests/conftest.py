"""A real PostgreSQL and a real Redis for whoever asks: one of each per test process, a fresh database per test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dialer import db, embedded
from tests.databases import Databases, engine_of

VENDORS = (
    "TWILIO_",
    "SIGNALWIRE_",
    "DEEPGRAM_",
    "OPENAI_",
    "ELEVENLABS_",
    "AWS_",
    "POLLY_",
    "HUBSPOT_",
    "SALESFORCE_",
    "WEBHOOK_",
)


MEMORY = Path("/dev/shm")
PLENTY_BYTES = 4 << 30
"""A server needs some 100 MB, and its log may grow to 1 GB."""
LONG = ("chaos", "e2e", "realtime")
"""Folders whose files take longest: they go first, so that no process is left alone with one of them at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests by folder, those of `LONG` first."""
    items.sort(key=lambda item: item.path.relative_to(config.rootpath / "tests").parts[0] not in LONG)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see no settings but those that they make."""
    for name in list(os.environ):
        if name.startswith((*VENDORS, "DIALER_")) and name != "DIALER_REQUIRE_BROWSER":
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.Postgres]:
    """An embedded PostgreSQL that may forget everything in a power cut; in memory where there is enough of it.

    Not below pytest's own folder: as root the server runs as another user, and each start of pytest closes that folder.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dialer-postgres-", dir=_memory(), ignore_cleanup_errors=True) as folder,
        embedded.Postgres(Path(folder), durable=False).running() as server,
    ):
        yield server


def _memory() -> Path | None:
    """A folder in memory, if it has plenty of room: a test's database is some 350 files, and a disk is slow at that."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= PLENTY_BYTES:
        return MEMORY
    return None


@pytest.fixture(scope="session")
def databases(postgres: embedded.Postgres) -> Iterator[Databases]:
    databases = Databases(postgres)
    yield databases
    databases.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated database that is this test's own."""
    with databases.fresh() as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with engine_of(database_url) as engine:
        yield engine


@pytest.fixture
def sessions(engine: Engine) -> db.Sessions:
    """Sessions on this test's own database. Code under test may commit, and use several at once."""
    return db.sessions(engine)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded Redis, shared by the tests of a process."""
    with embedded.Redis(tmp_path_factory.mktemp("redis")).running() as server:
        yield server.url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where `DIALER_REQUIRE_BROWSER` is set, as in CI, a browser's test that was skipped has failed."""
    report = yield
    if report.skipped and item.get_closest_marker("browser") and os.environ.get("DIALER_REQUIRE_BROWSER"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and DIALER_REQUIRE_BROWSER is set: {report.longrepr}"
    return report
