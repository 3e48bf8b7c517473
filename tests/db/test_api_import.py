from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from dialer.accounts.models import Role
from dialer.campaigns.models import Campaign
from dialer.db import Sessions
from dialer.leads.models import Lead
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import Factory

CSV = (
    b"Mobile,First Name,Notes\n"
    b"+1 212 555 0101,Ada,old roof\n"
    b"(212) 555-0102,Grace,\n"
    b"not a number,Alan,\n"
    b"+12125550101,Ada,again\n"
)


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        yield client


@pytest.fixture
def manager(client: TestClient, factory: Factory) -> TestClient:
    client.headers.update(bearer(factory))
    return client


def upload(
    client: TestClient, campaign: Campaign, content: bytes = CSV, **fields: str | list[str]
) -> dict[str, object]:
    answer = client.post(
        "/api/leads",
        data={"campaign": campaign.name} | fields,
        files={"file": ("spring list.csv", content, "text/csv")},
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


def leads(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Lead)) or 0


def test_every_row_is_imported_or_rejected(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    body = upload(manager, factory.campaign())

    assert (body["rows"], body["imported"], body["unchanged"]) == (4, 2, 0)
    rejected = body["rejected"]
    assert isinstance(rejected, dict)
    assert sum(rejected.values()) == 2
    assert rejected["duplicate"] == 1
    mapping = body["mapping"]
    assert isinstance(mapping, dict)
    assert mapping["phone"] == "Mobile"
    assert leads(sessions) == 2


def test_rejected_rows_come_back_as_a_file(manager: TestClient, factory: Factory) -> None:
    body = upload(manager, factory.campaign())

    answer = manager.get(str(body["rejects_url"]))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0].startswith("line,column,value,reason")
    assert len(lines) == 3
    assert "not a number" in lines[1]


def test_same_file_again_changes_nothing(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    campaign = factory.campaign()
    upload(manager, campaign)

    body = upload(manager, campaign)

    assert (body["imported"], body["unchanged"]) == (0, 2)
    assert leads(sessions) == 2


def test_mapping_that_is_given_wins(manager: TestClient, factory: Factory) -> None:
    body = upload(manager, factory.campaign(), map=["company=Notes"])

    mapping = body["mapping"]
    assert isinstance(mapping, dict)
    assert mapping["company"] == "Notes"


def test_attested_consent_lets_leads_be_called(manager: TestClient, factory: Factory) -> None:
    without = upload(manager, factory.campaign())
    given = upload(manager, factory.campaign(), consent="written", consent_evidence="web form of March")

    assert without["blocked"] == {"no consent": 2}
    assert given["blocked"] == {}


@pytest.mark.parametrize(
    ("content", "fields", "says"),
    [
        (b"", {}, "empty"),
        (b"\x00\x01\x02\x03" * 50, {}, ""),
        (b"Name,Colour\nAda,red\n", {}, "phone"),
        (CSV, {"map": "phone=Fax"}, "Fax"),
        (CSV, {"map": "phone"}, "field=Column"),
        (CSV, {"consent": "written"}, "proves"),
        (CSV, {"consent": "oral", "consent_evidence": "x"}, "oral"),
        (CSV, {"consent_evidence": "x"}, "which consent"),
    ],
)
def test_bad_upload_is_a_problem_and_changes_nothing(
    manager: TestClient, factory: Factory, sessions: Sessions, content: bytes, fields: dict[str, str], says: str
) -> None:
    answer = manager.post(
        "/api/leads", data={"campaign": factory.campaign().name} | fields, files={"file": ("x.csv", content)}
    )

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    assert leads(sessions) == 0
    assert manager.get("/api/leads/imports").json() == []


def test_upload_to_no_campaign_is_not_found(manager: TestClient) -> None:
    answer = manager.post("/api/leads", data={"campaign": "none"}, files={"file": ("x.csv", CSV)})

    assert answer.status_code == 404


def test_viewer_imports_nothing(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    answer = client.post(
        "/api/leads",
        data={"campaign": factory.campaign().name},
        files={"file": ("x.csv", CSV)},
        headers=bearer(factory, Role.VIEWER),
    )

    assert answer.status_code == 403
    assert leads(sessions) == 0


def test_import_is_listed(manager: TestClient, factory: Factory) -> None:
    body = upload(manager, factory.campaign())

    (listed,) = manager.get("/api/leads/imports").json()

    assert (listed["id"], listed["filename"], listed["imported"]) == (body["import_id"], "spring list.csv", 2)
    assert listed["has_rejects"] is True
