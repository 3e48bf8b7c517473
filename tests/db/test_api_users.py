from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dialer.accounts.models import Role
from dialer.db import Sessions
from tests.db.web_client import PASSWORD, add_user, bearer, log_in, open_client, web_settings
from tests.factories import Factory

NEW = {"email": "Pat@example.com", "password": PASSWORD, "role": "viewer"}


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        yield client


@pytest.fixture
def admin(client: TestClient, factory: Factory) -> TestClient:
    client.headers.update(bearer(factory, Role.ADMIN))
    return client


def test_a_user_is_created_without_telling_the_password_and_can_log_in(admin: TestClient) -> None:
    answer = admin.post("/api/users", json=NEW)

    assert answer.status_code == 201
    assert answer.json()["email"] == "pat@example.com"
    assert "password" not in answer.text
    assert [user["email"] for user in admin.get("/api/users").json()] == ["pat@example.com"]
    assert log_in(admin, "pat@example.com")


def test_an_address_is_taken_once(admin: TestClient) -> None:
    assert admin.post("/api/users", json=NEW).status_code == 201
    assert admin.post("/api/users", json=NEW).status_code == 409


def test_a_disabled_user_is_out_at_once_and_in_again_when_enabled(
    admin: TestClient, factory: Factory, sessions: Sessions
) -> None:
    email = add_user(sessions, factory, Role.VIEWER)
    log_in(admin, email)
    (user,) = admin.get("/api/users").json()

    disabled = admin.post(f"/api/users/{user['id']}/disable")

    assert disabled.json()["disabled_at"] is not None
    assert admin.get("/console/live/summary").status_code in (303, 401)
    assert admin.post(f"/api/users/{user['id']}/enable").json()["disabled_at"] is None
    assert log_in(admin, email)


@pytest.mark.parametrize("step", ["disable", "role"])
def test_the_last_admin_stays_one(admin: TestClient, factory: Factory, sessions: Sessions, step: str) -> None:
    add_user(sessions, factory, Role.ADMIN)
    (user,) = admin.get("/api/users").json()

    answer = admin.post(f"/api/users/{user['id']}/{step}", json={"role": "viewer"} if step == "role" else None)

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert admin.get("/api/users").json()[0]["role"] == "admin"


@pytest.mark.parametrize("path", ["/api/users", "/api/users/audit"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.MANAGER])
def test_only_an_admin_sees_users_and_the_trail(client: TestClient, factory: Factory, path: str, role: Role) -> None:
    assert client.get(path, headers=bearer(factory, role)).status_code == 403


def test_the_trail_tells_who_did_what_in_pages(admin: TestClient) -> None:
    user = admin.post("/api/users", json=NEW).json()
    admin.post(f"/api/users/{user['id']}/role", json={"role": "manager"})
    admin.post(f"/api/users/{user['id']}/disable")

    first = admin.get("/api/users/audit", params={"what": "user.", "limit": 2}).json()
    rest = admin.get("/api/users/audit", params={"what": "user.", "cursor": first["next"]}).json()

    assert [event["what"] for event in first["items"] + rest["items"]] == ["user.disable", "user.role", "user.create"]
    assert {event["by"] for event in first["items"]} == {"key:admin key"}
    assert first["items"][1]["detail"]["was"] == "viewer"


def test_another_tenants_users_are_not_there(admin: TestClient, sessions: Sessions) -> None:
    email = add_user(sessions, Factory(sessions, "other"), Role.ADMIN)

    assert admin.get("/api/users").json() == []
    assert email not in admin.get("/api/users/audit").text
