"""The link that lets the first administrator in."""

from __future__ import annotations

from pathlib import Path

from dialer import db
from dialer.accounts import first, users
from dialer.accounts.models import Role
from dialer.db import Sessions
from tests.db.web_client import PASSWORD, open_client, web_settings
from tests.factories import Factory


def test_link_of_an_empty_installation_logs_an_administrator_in(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    Factory(sessions)
    settings = web_settings(database_url, tmp_path)

    link = first.log_in_link(sessions, settings)

    assert link is not None
    with open_client(settings) as client:
        token = link.partition("token=")[2]
        entered = client.post("/login/link", data={"token": token}, headers={"sec-fetch-site": "same-origin"})
        assert entered.status_code == 303
        assert first.EMAIL in client.get("/").text


def test_no_link_once_somebody_has_an_account(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    factory = Factory(sessions)
    with db.transaction(sessions) as tx:
        users.create(tx.session, factory.organization.id, "ann@example.com", PASSWORD, Role.ADMIN, by="test")

    assert first.log_in_link(sessions, web_settings(database_url, tmp_path)) is None
