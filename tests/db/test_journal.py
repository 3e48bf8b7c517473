"""The journal has every opt-out, whole, before the database does."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from dialer.db import Sessions
from dialer.leads import optout
from dialer.leads.journal import Entry, Journal, missing, unwritten
from dialer.leads.models import Suppression
from tests.db.engine import SECRET
from tests.db.test_api import client, data_dir, manager  # noqa: F401 - fixtures
from tests.db.test_voice import carrier  # noqa: F401 - a fixture
from tests.factories import NOON, Factory

PHONE = "+12125550177"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal" / "opt-outs.jsonl")


def entry(number: int = 0) -> Entry:
    return Entry(uuid4(), f"+1212555{number:04}", "hash", "words: \u201cstop\u201d\n", "spoken", uuid4(), NOON, NOON)


def opt_out(sessions: Sessions, factory: Factory, journal: Journal) -> None:
    optout.opt_out(
        sessions,
        factory.organization.id,
        [PHONE],
        how="digit 9",
        source="digit",
        by="test",
        secret=SECRET,
        journal=journal,
    )


def test_opt_out_stands_in_the_journal(sessions: Sessions, factory: Factory, journal: Journal) -> None:
    opt_out(sessions, factory, journal)

    (found,) = journal.entries()
    assert found is not None
    assert (found.phone, found.how, found.source) == (PHONE, "digit 9", "digit")
    with sessions() as session:
        assert session.scalar(select(Suppression.phone_hash)) == found.phone_hash


def test_journal_is_the_owners_alone(sessions: Sessions, factory: Factory, journal: Journal) -> None:
    opt_out(sessions, factory, journal)

    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_journal_comes_before_the_commit(
    sessions: Sessions, factory: Factory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies in between leaves the wish in the journal."""
    monkeypatch.setattr(optout, "_withdraw_claimed", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        opt_out(sessions, factory, journal)

    with sessions() as session:
        assert [found.phone for found in missing(session, [e for e in journal.entries() if e])] == [PHONE]


def test_opt_out_counts_though_the_journal_cannot_be_written(
    sessions: Sessions, factory: Factory, tmp_path: Path
) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    journal = Journal(tmp_path / "journal" / "opt-outs.jsonl")

    opt_out(sessions, factory, journal)

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 1
        assert [lacks.phone for lacks in unwritten(session, [])] == [PHONE]


def test_entries_come_back_as_they_were(journal: Journal) -> None:
    entries = [entry(1), entry(2)]
    journal.append(entries)

    assert list(journal.entries()) == entries


def test_torn_line_spoils_no_other(journal: Journal) -> None:
    first, second = entry(1), entry(2)
    journal.append([first])
    with journal.path.open("ab") as file:
        file.write(b'{"phone": "+1212')

    journal.append([second])

    assert list(journal.entries()) == [first, None, second]


def test_the_youngest_entries_are_read_without_the_rest(journal: Journal) -> None:
    entries = [entry(number) for number in range(100)]
    journal.append(entries)

    youngest = journal.youngest(within=2000)

    assert 3 < len(youngest) < 10
    assert youngest == entries[-len(youngest) :]
    assert journal.youngest() == entries


def test_writers_side_by_side_keep_lines_whole(journal: Journal) -> None:
    threads = [
        threading.Thread(target=lambda: [journal.append([entry(n) for n in range(50)]) for _ in range(5)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    lines = journal.path.read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 4 * 5 * 50


def test_no_journal_is_no_opt_outs(journal: Journal) -> None:
    assert list(journal.entries()) == []


def journal_of(web: TestClient) -> Journal:
    journal: Journal = web.app.state.dialer.wiring.journal  # type: ignore[attr-defined]
    return journal


def test_text_message_stands_in_the_journal(carrier: TestClient, factory: Factory) -> None:  # noqa: F811
    carrier.post("/sms/inbound", data={"From": PHONE, "To": factory.caller_id.phone, "Body": "STOP"})

    assert [(e.phone, e.source) for e in journal_of(carrier).entries() if e] == [(PHONE, "sms")]


def test_request_to_the_api_stands_in_the_journal(manager: TestClient) -> None:  # noqa: F811
    manager.post("/api/leads/opt-out", json={"phones": [PHONE], "reason": "wrote to us"})

    assert [(e.phone, e.source) for e in journal_of(manager).entries() if e] == [(PHONE, "api")]
