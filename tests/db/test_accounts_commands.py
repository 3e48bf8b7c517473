from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from dialer import db
from dialer.accounts import keys as api_keys
from dialer.accounts import users as people
from dialer.accounts.models import Role
from dialer.cli import keys, users
from dialer.db import Sessions
from tests.factories import Factory


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, factory: Factory) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    return CliRunner()


def test_key_is_printed_once_and_works(run: CliRunner, sessions: Sessions) -> None:
    result = run.invoke(keys.app, ["create", "crm sync", "--role", "viewer", "--json"], catch_exceptions=False)

    printed = json.loads(result.stdout)
    assert result.exit_code == 0
    with db.transaction(sessions) as tx:
        assert api_keys.principal(tx.session, printed["key"]).role is Role.VIEWER


def test_user_with_a_given_password_logs_in(run: CliRunner, sessions: Sessions) -> None:
    arguments = ["create", "ada@example.com", "--password-stdin", "--json"]
    result = run.invoke(users.app, arguments, input="correct horse battery\n", catch_exceptions=False)

    assert "password" not in json.loads(result.stdout)
    with db.transaction(sessions) as tx:
        assert people.log_in(tx.session, "ada@example.com", "correct horse battery").role is Role.MANAGER


def test_user_without_a_password_gets_one(run: CliRunner, sessions: Sessions) -> None:
    result = run.invoke(users.app, ["create", "ada@example.com", "--json"], catch_exceptions=False)

    with db.transaction(sessions) as tx:
        user = people.log_in(tx.session, "ada@example.com", json.loads(result.stdout)["password"])
        assert user.email == "ada@example.com"


def test_link_is_printed(run: CliRunner) -> None:
    run.invoke(users.app, ["create", "ada@example.com"], catch_exceptions=False)

    result = run.invoke(users.app, ["link", "ada@example.com", "--json"], catch_exceptions=False)

    assert "/login/link?token=" in json.loads(result.stdout)["url"]
