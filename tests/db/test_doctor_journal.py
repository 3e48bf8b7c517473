"""`dialer doctor` fails on a journal that lacks an opt-out or cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer import doctor
from dialer.db import Sessions
from dialer.doctor import Finding, Verdict
from dialer.leads import optout
from dialer.settings import Settings, load
from dialer.wiring import Wiring
from tests.factories import Factory


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    return load()


def finding(settings: Settings) -> Finding:
    return next(found for found in doctor.examine(settings) if found.name == "opt-out journal")


def test_opt_out_that_is_said_in_a_call_stands_there(settings: Settings, factory: Factory) -> None:
    wiring = Wiring(settings)
    wiring.opt_out(factory.organization.id, "+12125550166", "digit 9", None, "test")
    wiring.engine.dispose()

    found = finding(settings)
    assert (found.verdict, found.detail.endswith("1 opt-outs")) == (Verdict.OK, True)


def test_opt_out_that_is_lacking_is_told(settings: Settings, sessions: Sessions, factory: Factory) -> None:
    optout.opt_out(
        sessions, factory.organization.id, ["+12125550166"], how="digit 9", source="digit", by="test", secret="secret"
    )

    found = finding(settings)
    assert (found.verdict, "lacks 1 opt-outs" in found.detail) == (Verdict.FAIL, True)


def test_journal_that_cannot_be_written_is_told(settings: Settings, factory: Factory) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    Path(settings.data_dir / "journal").write_text("a file where the folder should be")

    found = finding(settings)
    assert (found.verdict, "DIALER_JOURNAL_DIR" in found.advice) == (Verdict.FAIL, True)
