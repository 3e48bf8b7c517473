"""/api/knowledge: documents in, passages out, by role and tenant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from dialer.accounts.models import Role
from dialer.db import Sessions
from dialer.knowledge import indexing
from dialer.settings import Settings, Vendors
from dialer.web import app
from dialer.wiring import Wiring
from tests import documents
from tests.db.web_client import bearer, open_client
from tests.factories import Factory
from tests.fakes import FakeMessages
from tests.sandbox_vendors import KEY, Sandbox, vendors


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("world")) as sandbox:
        yield sandbox


@pytest.fixture
def settings(database_url: str, tmp_path: Path, sandbox: Sandbox) -> Settings:
    found = Vendors(openai_base_url=f"{sandbox.http}/openai/v1", openai_api_key=SecretStr(KEY))
    return Settings(database_url=database_url, data_dir=tmp_path, secret_key="s" * 32, vendors=found)  # type: ignore[arg-type]


@pytest.fixture
def messages() -> FakeMessages:
    return FakeMessages()


@pytest.fixture
def client(settings: Settings, factory: Factory, messages: FakeMessages) -> Iterator[TestClient]:
    with open_client(settings) as client:
        client.app.state.dialer.wiring.__dict__["messages"] = messages  # type: ignore[attr-defined]
        client.headers.update(bearer(factory))
        yield client


def upload(client: TestClient, body: bytes, name: str = "prices.md", **more: Any) -> httpx.Response:
    return client.post("/api/knowledge", files={"file": (name, body)}, data={"collection": "solar"} | more)


def index(client: TestClient, document_id: str) -> None:
    wiring: Wiring = client.app.state.dialer.wiring  # type: ignore[attr-defined]
    indexing.attempt(UUID(document_id), wiring.indexing)


def test_a_document_goes_in_and_its_passages_come_out(client: TestClient, messages: FakeMessages) -> None:
    answer = upload(client, documents.MARKDOWN)
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    document_id = answer.json()["id"]
    assert messages.sent == [("outbox.index_document", document_id)]

    index(client, document_id)

    shown = client.get(f"/api/knowledge/{document_id}").json()
    assert (shown["state"], shown["chunks"], shown["model"]) == ("indexed", 3, "text-embedding-3-small/1024")
    assert [one["id"] for one in client.get("/api/knowledge", params={"collection": "solar"}).json()["items"]] == [
        document_id
    ]
    found = client.get("/api/knowledge/search", params={"q": "How long is the warranty on the panels?"}).json()
    assert (found["passages"][0]["title"], found["passages"][0]["document"]) == ("Warranty", "prices.md")


def test_a_removed_document_is_gone(client: TestClient) -> None:
    document_id = upload(client, documents.MARKDOWN).json()["id"]

    assert client.delete(f"/api/knowledge/{document_id}").status_code == 204
    assert client.get(f"/api/knowledge/{document_id}").status_code == 404
    assert client.delete(f"/api/knowledge/{document_id}").status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "more", "says"),
    [
        ("scan.pdf", documents.pdf("", ""), {}, "scan.pdf: none of its 2 pages has text"),
        ("a.csv", b'Q,A\nWhat?,"never\n', {}, "a.csv: line 2: quote is never closed"),
        ("sheet.xlsx", b"PK", {}, "sheet.xlsx: this kind of file is not read"),
        ("a.md", b"# A\nText.", {"collection": "No Spaces"}, "'No Spaces' is no name of a collection"),
        ("a.md", b"# A\nText.", {"language": "english please"}, "is no language"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once_and_says_what_and_where(
    client: TestClient, name: str, body: bytes, more: dict[str, str], says: str
) -> None:
    answer = upload(client, body, name, **more)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    assert client.get("/api/knowledge").json()["items"] == []


def test_a_document_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = upload(client, b"x" * (app.MAX_DOCUMENT_BYTES + 1), "a.txt")

    assert answer.status_code == 413


def test_a_path_in_the_file_s_name_is_no_part_of_it(client: TestClient) -> None:
    assert upload(client, documents.MARKDOWN, "C:\\secret\\prices.md").json()["name"] == "prices.md"


def test_a_viewer_may_look_and_not_touch(client: TestClient, factory: Factory) -> None:
    document_id = upload(client, documents.MARKDOWN).json()["id"]
    client.headers.update(bearer(factory, Role.VIEWER))

    assert client.get(f"/api/knowledge/{document_id}").status_code == 200
    assert upload(client, b"# A\nText.", "a.md").status_code == 403
    assert client.delete(f"/api/knowledge/{document_id}").status_code == 403


def test_a_tenant_sees_and_touches_nothing_of_another_s(client: TestClient, sessions: Sessions) -> None:
    document_id = upload(client, documents.MARKDOWN).json()["id"]
    index(client, document_id)
    client.headers.update(bearer(Factory(sessions, f"other {uuid4()}"), Role.ADMIN))

    assert client.get("/api/knowledge").json()["items"] == []
    assert client.get(f"/api/knowledge/{document_id}").status_code == 404
    assert client.delete(f"/api/knowledge/{document_id}").status_code == 404
    for collection in ({}, {"collection": "solar"}):
        found = client.get("/api/knowledge/search", params={"q": "How long is the warranty?"} | collection)
        assert found.json() == {"passages": []}
