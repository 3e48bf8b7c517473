"""The console's pages of agents and of knowledge, and the drawer of a campaign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer import db
from dialer.accounts.models import Role
from dialer.agents import store
from dialer.agents.models import AgentVersion
from dialer.campaigns.models import Campaign, CampaignAgent
from dialer.db import Sessions
from dialer.knowledge.models import KnowledgeDocument
from dialer.leads.models import LeadState
from tests import documents
from tests.db.web_client import SAME_SITE, add_user, log_in, open_client, web_settings
from tests.factories import NOON, Factory, definition
from tests.fakes import FakeMessages

HTMX = {"hx-request": "true"}
FLOW = {
    "start": "ask",
    "states": {
        "ask": {"say": "Will you come?", "listen": [{"intents": ["human"], "digits": ["1"], "go_to": "bye"}]},
        "bye": {"say": "See you.", "tool": "end_call"},
    },
}


@pytest.fixture
def messages() -> FakeMessages:
    return FakeMessages()


@pytest.fixture
def client(database_url: str, tmp_path: Path, messages: FakeMessages) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        client.app.state.dialer.wiring.__dict__["messages"] = messages  # type: ignore[attr-defined]
        yield client


@pytest.fixture
def manager(client: TestClient, factory: Factory, sessions: Sessions) -> TestClient:
    token = log_in(client, add_user(sessions, factory, Role.MANAGER))
    client.headers.update({"x-csrf-token": token} | SAME_SITE)
    return client


def save(factory: Factory, **changes: object) -> AgentVersion:
    with db.transaction(factory.sessions) as tx:
        return store.save(tx.session, factory.organization.id, definition(**changes))


def test_versions_say_what_changed_and_who_uses_them(manager: TestClient, factory: Factory) -> None:
    second = save(factory, goal="Find out whether the roof is new.")
    factory.campaign(name="Spring")

    page = manager.get(f"/agents/{second.id}").text

    assert "Find out whether the roof is new." in page
    assert "Changed: goal" in page
    assert page.index(">v2<") < page.index(">v1<") < page.index(">Spring<")


def test_flow_is_read_step_by_step(manager: TestClient, factory: Factory) -> None:
    agent = save(factory, name="Nora", flow=FLOW)

    page = manager.get(f"/agents/{agent.id}").text

    assert page.index('id="state-ask"') < page.index('id="state-bye"')
    assert "asks for a person, or presses 1" in page
    assert "Nora" in manager.get("/agents").text


def test_agents_of_another_organization_are_not_shown(manager: TestClient, sessions: Sessions) -> None:
    other = Factory(sessions, "another")
    theirs = save(other, name="Mallory")

    assert manager.get(f"/agents/{theirs.id}").status_code == 404
    assert "Mallory" not in manager.get("/agents").text


def test_form_splits_a_campaign_over_versions(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    save(factory, goal="Find out whether the roof is new.")
    form = {"name": "Spring", "agent": "Ava", "region": "US", "windows": "mon-fri 09:00-17:00"}
    split = {"split_version": ["Ava@1", "Ava@2", ""], "split_weight": ["70", "30", "50"]}

    answer = manager.post("/console/campaigns", data=form | split, headers=HTMX)

    assert answer.status_code == 200, answer.text
    with sessions() as session:
        assert sorted(session.scalars(select(CampaignAgent.weight))) == [30, 70]
        campaign = session.scalars(select(Campaign.id)).one()
    drawer = manager.get(f"/console/campaigns/{campaign}").text
    assert "Versions against each other" in drawer
    assert drawer.index("Ava v1") < drawer.index("70 %") < drawer.index("Ava v2") < drawer.index("30 %")


def test_split_over_one_version_is_refused(manager: TestClient, factory: Factory) -> None:
    form = {"name": "Spring", "agent": "Ava", "region": "US", "windows": "mon-fri 09:00-17:00"}

    answer = manager.post(
        "/console/campaigns", data=form | {"split_version": ["Ava@1"], "split_weight": ["70"]}, headers=HTMX
    )

    assert answer.status_code == 422
    assert "two versions or more" in answer.text


def test_drawer_of_a_campaign_says_what_keeps_its_leads(manager: TestClient, factory: Factory) -> None:
    campaign = factory.campaign()
    lead = factory.lead(campaign, state=LeadState.BLOCKED, reason="no consent")

    drawer = manager.get(f"/console/campaigns/{campaign.id}").text
    told = manager.get(f"/console/campaigns/{campaign.id}/lead", params={"phone": lead.phone}, headers=HTMX).text
    unknown = manager.get(f"/console/campaigns/{campaign.id}/lead", params={"phone": "+12125550999"}, headers=HTMX)

    assert "no consent" in drawer
    assert lead.phone in told
    assert "no consent" in told
    assert unknown.status_code == 404
    assert "+12125550999" in unknown.text


def test_running_campaign_with_nobody_due_says_when_it_goes_on(manager: TestClient, factory: Factory) -> None:
    factory.set_clock()
    campaign = factory.campaign()
    factory.lead(campaign, state=LeadState.WAITING, reason="outside calling hours", due_at=NOON + timedelta(hours=3))

    assert "Nobody is due now" in manager.get("/").text
    factory.lead(campaign)
    assert "Nobody is due now" not in manager.get("/").text


def test_first_import_leads_to_the_first_campaign(manager: TestClient, factory: Factory) -> None:
    assert "Create it first" in manager.get("/").text
    factory.campaign()
    assert "Create it first" not in manager.get("/").text


def test_documents_are_added_one_by_one(manager: TestClient, messages: FakeMessages, sessions: Sessions) -> None:
    files = [("file", ("prices.md", documents.MARKDOWN)), ("file", ("scan.pdf", documents.pdf("", "")))]

    answer = manager.post("/console/documents", files=files, data={"collection": "solar"}, headers=HTMX)

    assert "prices.md" in answer.text
    assert "none of its 2 pages has text" in answer.text
    with sessions() as session:
        document = session.scalars(select(KnowledgeDocument)).one()
    assert messages.sent == [("outbox.index_document", str(document.id))]
    assert "Being read" in manager.get("/console/live/documents").text


def test_page_says_who_answers_from_a_collection(manager: TestClient, factory: Factory) -> None:
    save(factory, knowledge=("solar",))
    manager.post(
        "/console/documents",
        files={"file": ("terms.md", documents.MARKDOWN)},
        data={"collection": "legal"},
        headers=HTMX,
    )

    page = manager.get("/knowledge").text

    assert "Ava answers from it" in page
    assert "its agents find nothing in it" in page
    assert 'knowledge = ["legal"]' in page.replace("&#34;", '"')


def test_document_is_removed_by_its_button(manager: TestClient, sessions: Sessions) -> None:
    files = {"file": ("prices.md", documents.MARKDOWN)}
    manager.post("/console/documents", files=files, data={"collection": "solar"}, headers=HTMX)
    with sessions() as session:
        document = session.scalars(select(KnowledgeDocument.id)).one()

    answer = manager.post(f"/console/documents/{document}/remove", headers=HTMX)

    assert "prices.md is forgotten" in answer.text
    assert "prices.md" not in manager.get("/knowledge").text


def test_pages_have_nothing_inline(manager: TestClient, factory: Factory) -> None:
    agent = save(factory, flow=FLOW)

    for path in ("/agents", f"/agents/{agent.id}", "/knowledge"):
        page = manager.get(path).text
        assert " style=" not in page, path
        assert page.count("<script") == page.count('<script src="/static/'), path
