"""The web application over a test's own database, as a program or a person meets it."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from dialer import db
from dialer.accounts import keys, users
from dialer.accounts.models import Role
from dialer.db import Sessions
from dialer.settings import Settings
from dialer.web.app import API, CONSOLE, create_app
from tests.factories import Factory

PASSWORD = "correct horse battery"
SAME_SITE = {"sec-fetch-site": "same-origin"}


def web_settings(database_url: str, data_dir: Path) -> Settings:
    return Settings(database_url=database_url, data_dir=data_dir, secret_key="s" * 32)  # type: ignore[arg-type]


def open_client(settings: Settings) -> TestClient:
    return TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False)


def bearer(factory: Factory, role: Role = Role.MANAGER) -> dict[str, str]:
    """Headers with a new key of the factory's organization."""
    with db.transaction(factory.sessions) as tx:
        key = keys.create(tx.session, factory.organization.id, f"{role} key", role, by="test")
    return {"Authorization": f"Bearer {key}"}


def add_user(sessions: Sessions, factory: Factory, role: Role = Role.MANAGER) -> str:
    """Add a user of the factory's organization; return the e-mail address."""
    email = f"{role}@{factory.organization.id}.example.com"
    with db.transaction(sessions) as tx:
        users.create(tx.session, factory.organization.id, email, PASSWORD, role, by="test")
    return email


def log_in(client: TestClient, email: str) -> str:
    """Log in; return the token that forms carry."""
    answer = client.post("/login", data={"email": email, "password": PASSWORD}, headers=SAME_SITE)
    assert answer.status_code == 303, answer.text
    found = re.search(r'name="csrf-token" content="([0-9a-f]+)"', client.get("/").text)
    assert found
    return found[1]


def routes() -> list[APIRoute]:
    """Every route of the API and the console."""
    found = [route for router in (*API, *CONSOLE) for route in router.routes if isinstance(route, APIRoute)]
    assert len(found) > 30
    return found
