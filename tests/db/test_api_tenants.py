"""Law 10 at the door: whatever one tenant asks for by another's id is not there, on every route that takes one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer.accounts.models import Role, User
from dialer.calls.models import Call, DialingGate
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignState
from dialer.db import Sessions
from dialer.knowledge.models import DocumentState, KnowledgeDocument
from dialer.leads.models import Import, Lead, Suppression
from dialer.telephony.models import CallerId
from tests.db.web_client import SAME_SITE, add_user, bearer, log_in, open_client, routes, web_settings
from tests.factories import NOON, Factory

GETS = (
    "/api/campaigns/{campaign}",
    "/api/leads/{lead_id}",
    "/api/leads/imports/{import_id}/rejects",
    "/api/calls/{call_id}",
    "/api/calls/{call_id}/recording",
    "/api/knowledge/{document_id}",
    "/agents/{version_id}",
    "/console/campaigns/{campaign}",
    "/console/campaigns/{campaign}/lead",
    "/console/calls/{call_id}",
    "/console/calls/{call_id}/recording",
    "/console/imports/{import_id}/rejects",
    "/recordings/{name}",
)
POSTS = ("/api/campaigns/{campaign}/{verb}", "/console/campaigns/{campaign}/{verb}")
REMOVALS = ("/console/documents/{document_id}/remove",)
USERS = tuple(f"/api/users/{{user_id}}/{step}" for step in ("role", "disable", "enable"))
NUMBERED = ("/api/voice-ai/models/{number}", "/api/voice-ai/models/{number}/promote")
"""A number is each tenant's own; `test_training` shows that nobody finds another's under it."""
PHONES = ("/api/numbers/{phone}",)
LISTS = ("/api/campaigns", "/api/leads", "/api/leads/imports", "/api/calls", "/api/knowledge")
LIVE = ("campaigns", "calls", "imports", "summary", "documents")
PAGES = ("/", "/agents", "/knowledge", *(f"/console/live/{part}" for part in LIVE))


@dataclass(frozen=True)
class Theirs:
    campaign: Campaign
    lead: Lead
    call: Call
    run: Import
    document: KnowledgeDocument

    def fill(self, path: str, *, verb: str = "pause") -> str:
        return path.format(
            campaign=self.campaign.id, lead_id=self.lead.id, call_id=self.call.id, import_id=self.run.id,
            name=self.call.recording, verb=verb, document_id=self.document.id,
            version_id=self.campaign.agent_version_id,
        )  # fmt: skip

    def marks(self) -> list[str]:
        return [
            str(self.campaign.id),
            self.campaign.name,
            str(self.call.id),
            str(self.run.id),
            self.lead.phone,
            "Zelda",
            str(self.document.id),
            self.document.name,
            str(self.campaign.agent_version_id),
        ]


@pytest.fixture
def theirs(sessions: Sessions, factory: Factory, tmp_path: Path) -> Theirs:
    """Everything that another organization can have, with its files on the disk."""
    other = Factory(sessions, "other")
    campaign = other.campaign(state=CampaignState.RUNNING)
    lead = other.lead(campaign, first_name="Zelda")
    name = f"{uuid4().hex}.wav"
    call = other.call(lead, state=CallState.ENDED, recording=name, carrier_id=f"CA{uuid4().hex}")
    (tmp_path / "data" / "recordings").mkdir(parents=True)
    (tmp_path / "data" / "recordings" / name).write_bytes(b"RIFF")
    rejects = tmp_path / "data" / "rejects" / "rejects-theirs.csv"
    rejects.parent.mkdir()
    rejects.write_text("line,column,value,reason\n")
    run = Import(
        organization_id=other.organization.id, campaign_id=campaign.id, filename="theirs.csv", sha256="0", at=NOON,
        by="x", rows=1, imported=1, unchanged=0, rejected={}, mapping={}, rejects_file=str(rejects),
    )  # fmt: skip
    with sessions.begin() as session:
        session.add(run)
    document = KnowledgeDocument(
        organization_id=other.organization.id, collection="theirs", name="zelda.md", sha256="0", size=1,
        language="english", sections=[], state=DocumentState.WAITING, added_at=NOON, added_by="x",
    )  # fmt: skip
    with sessions.begin() as session:
        session.add(document)
    return Theirs(campaign, lead, call, run, document)


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        yield client


@pytest.fixture
def ours(client: TestClient, factory: Factory, sessions: Sessions) -> TestClient:
    """A client that is logged in and has a key, both of an admin of the organization `default`."""
    token = log_in(client, add_user(sessions, factory, Role.ADMIN))
    client.headers.update(bearer(factory, Role.ADMIN) | {"x-csrf-token": token} | SAME_SITE)
    return client


@pytest.mark.parametrize("path", GETS)
def test_what_is_theirs_is_not_found(ours: TestClient, theirs: Theirs, path: str) -> None:
    assert ours.get(theirs.fill(path)).status_code == 404


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("verb", ["start", "pause", "resume", "stop"])
def test_what_is_theirs_cannot_be_moved(
    ours: TestClient, theirs: Theirs, sessions: Sessions, path: str, verb: str
) -> None:
    assert ours.post(theirs.fill(path, verb=verb)).status_code == 404

    with sessions() as session:
        assert session.get_one(Campaign, theirs.campaign.id).state is CampaignState.RUNNING


@pytest.mark.parametrize("path", REMOVALS)
def test_what_is_theirs_cannot_be_removed(ours: TestClient, theirs: Theirs, sessions: Sessions, path: str) -> None:
    assert ours.post(theirs.fill(path)).status_code == 404

    with sessions() as session:
        assert session.get_one(KnowledgeDocument, theirs.document.id).name == theirs.document.name


@pytest.mark.parametrize("path", USERS)
def test_who_is_theirs_stays_as_they_are(ours: TestClient, sessions: Sessions, path: str) -> None:
    email = add_user(sessions, Factory(sessions, "other"), Role.MANAGER)
    with sessions() as session:
        user_id = session.scalars(select(User.id).where(User.email == email)).one()

    assert ours.post(path.format(user_id=user_id), json={"role": "viewer"}).status_code == 404

    with sessions() as session:
        user = session.get_one(User, user_id)
        assert (user.role, user.disabled_at) == (Role.MANAGER, None)


@pytest.mark.parametrize("path", PHONES)
def test_their_number_keeps_its_agent(ours: TestClient, sessions: Sessions, path: str) -> None:
    number = Factory(sessions, "other").caller_id

    assert ours.put(path.format(phone=number.phone), json={"agent": "Ava"}).status_code == 404

    with sessions() as session:
        assert session.get_one(CallerId, number.id).agent is None


@pytest.mark.parametrize("path", ["/api/leads", "/console/leads", "/console/leads/columns"])
def test_nothing_is_imported_into_what_is_theirs(
    ours: TestClient, theirs: Theirs, sessions: Sessions, path: str
) -> None:
    answer = ours.post(
        path, data={"campaign": str(theirs.campaign.id)}, files={"file": ("x.csv", b"Phone\n+12125550101\n")}
    )

    assert answer.status_code == 404
    with sessions() as session:
        assert len(session.scalars(select(Lead)).all()) == 1


@pytest.mark.parametrize("path", LISTS + PAGES)
def test_lists_hold_nothing_of_theirs(ours: TestClient, theirs: Theirs, path: str) -> None:
    answer = ours.get(path)

    assert answer.status_code == 200
    for mark in theirs.marks():
        assert mark not in answer.text


@pytest.mark.parametrize("query", ["campaign_id={campaign}", "lead_id={lead_id}"])
def test_filters_find_nothing_of_theirs(ours: TestClient, theirs: Theirs, query: str) -> None:
    answer = ours.get(theirs.fill("/api/calls?" + query))

    assert answer.json()["items"] == []


def test_our_opt_out_leaves_their_lead_alone(ours: TestClient, theirs: Theirs, sessions: Sessions) -> None:
    answer = ours.post("/api/leads/opt-out", json={"phones": [theirs.lead.phone]})

    assert answer.json()["blocked"] == 0
    with sessions() as session:
        assert session.get_one(Lead, theirs.lead.id).state == theirs.lead.state
        assert theirs.campaign.organization_id not in session.scalars(select(Suppression.organization_id)).all()


@pytest.mark.parametrize("verb", ["stop", "resume"])
def test_a_tenant_cannot_stop_the_installation(
    client: TestClient, sessions: Sessions, theirs: Theirs, verb: str
) -> None:
    headers = bearer(Factory(sessions, "third"), Role.ADMIN)

    answer = client.post(f"/api/dialing/{verb}", json={"why": "mischief"}, headers=headers)

    assert answer.status_code == 403
    with sessions() as session:
        assert session.scalars(select(DialingGate.shut)).one() is False


def test_every_route_that_takes_an_id_is_in_the_matrix() -> None:
    assert {route.path for route in routes() if "{" in route.path} == set(
        GETS + POSTS + REMOVALS + USERS + NUMBERED + PHONES
    )
