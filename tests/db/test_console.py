from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer import db
from dialer.accounts import sessions as logins
from dialer.accounts.models import AuditEvent, Role
from dialer.calls.models import DialingGate, Tally, Turn
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignState
from dialer.db import Sessions
from tests.db.web_client import PASSWORD, SAME_SITE, add_user, log_in, open_client, routes, web_settings
from tests.factories import NOON, Factory

HTMX = {"hx-request": "true"}
BROWSER = {"accept": "text/html"}


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        yield client


@pytest.fixture
def manager(client: TestClient, factory: Factory, sessions: Sessions) -> TestClient:
    token = log_in(client, add_user(sessions, factory, Role.MANAGER))
    client.headers.update({"x-csrf-token": token} | SAME_SITE)
    return client


def forms() -> list[str]:
    """Paths of the console that change something, those that begin a session left out."""
    return [
        route.path.format(campaign="x", verb="pause", document_id=uuid4())
        for route in routes()
        if "POST" in (route.methods or ()) and not route.path.startswith(("/api/", "/login"))
    ]


def test_stranger_is_sent_to_log_in(client: TestClient) -> None:
    answer = client.get("/", headers=BROWSER)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?goto=%2F"


def test_page_of_an_ended_session_goes_to_the_log_in(client: TestClient) -> None:
    answer = client.get("/console/live/calls", headers=HTMX)

    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login"


def test_wrong_password_asks_again(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    email = add_user(sessions, factory)

    answer = client.post("/login", data={"email": email, "password": "wrong"}, headers=SAME_SITE)

    assert answer.status_code == 401
    assert "E-mail address or password is wrong" in answer.text
    assert "set-cookie" not in answer.headers


def test_password_is_not_searched_for(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    email = add_user(sessions, factory)

    statuses = [
        client.post("/login", data={"email": email, "password": "wrong"}, headers=SAME_SITE).status_code
        for _ in range(6)
    ]
    right = client.post("/login", data={"email": email, "password": PASSWORD}, headers=SAME_SITE)

    assert statuses == [401] * 5 + [429]
    assert right.status_code == 429


def test_cookie_is_kept_from_scripts_and_other_sites(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    answer = client.post("/login", data={"email": add_user(sessions, factory), "password": PASSWORD}, headers=SAME_SITE)

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_log_in_leads_to_no_other_site(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    email = add_user(sessions, factory)

    for goto in ("https://evil.example", "//evil.example", "/\\evil.example"):
        answer = client.post("/login", data={"email": email, "password": PASSWORD, "goto": goto}, headers=SAME_SITE)
        assert answer.headers["location"] == "/"


def test_other_site_cannot_log_anybody_in(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    answer = client.post(
        "/login",
        data={"email": add_user(sessions, factory), "password": PASSWORD},
        headers={"sec-fetch-site": "cross-site"},
    )

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_one_time_link_logs_in_after_a_click(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    email = add_user(sessions, factory)
    with sessions() as session:
        url = logins.login_link(session, "s" * 32, email=email, base_url="http://testserver")
    token = url.partition("token=")[2]

    looked = [client.get(url).status_code for _ in range(2)]
    clicked = client.post("/login/link", data={"token": token}, headers=SAME_SITE)
    again = client.post("/login/link", data={"token": token}, headers=SAME_SITE)

    assert looked == [200, 200]
    assert clicked.status_code == 303
    assert client.get("/").status_code == 200
    assert again.status_code == 401


def test_log_out_ends_the_session(manager: TestClient) -> None:
    manager.post("/logout")

    assert manager.get("/", headers=BROWSER).status_code == 303


def test_no_form_works_without_its_token(manager: TestClient) -> None:
    del manager.headers["x-csrf-token"]
    fields = dict.fromkeys(("name", "agent", "region", "windows", "campaign", "phone", "why", "collection"), "x")

    for path in forms():
        answer = manager.post(path, data=fields, files={"file": ("x.csv", b"x")})
        assert answer.status_code == 403, path


def test_no_form_works_from_another_site(manager: TestClient) -> None:
    fields = dict.fromkeys(("name", "agent", "region", "windows", "campaign", "phone", "why", "collection"), "x")

    for path in forms():
        answer = manager.post(
            path, data=fields, files={"file": ("x.csv", b"x")}, headers={"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403, path


def test_viewer_looks_and_changes_nothing(client: TestClient, factory: Factory, sessions: Sessions) -> None:
    campaign = factory.campaign()
    token = log_in(client, add_user(sessions, factory, Role.VIEWER))
    client.headers.update({"x-csrf-token": token} | SAME_SITE)

    page = client.get("/")
    moved = client.post(f"/console/campaigns/{campaign.id}/pause", headers=HTMX)

    assert "Stop dialing" not in page.text
    assert moved.status_code == 403
    with sessions() as session:
        assert session.get_one(Campaign, campaign.id).state is CampaignState.RUNNING


def test_campaign_is_paused_by_its_button(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    campaign = factory.campaign()

    answer = manager.post(f"/console/campaigns/{campaign.id}/pause", headers=HTMX)

    assert f"{campaign.name} is paused." in answer.text
    assert "changed" in answer.headers["hx-trigger"]
    with sessions() as session:
        assert session.get_one(Campaign, campaign.id).state is CampaignState.PAUSED
        assert (
            session.scalars(select(AuditEvent.by).where(AuditEvent.what == "campaign.pause")).one().startswith("user:")
        )


def test_problem_of_a_form_is_a_note_on_the_page(manager: TestClient, factory: Factory) -> None:
    campaign = factory.campaign(state=CampaignState.STOPPED)

    answer = manager.post(f"/console/campaigns/{campaign.id}/pause", headers=HTMX)

    assert answer.status_code == 409
    assert answer.headers["hx-retarget"] == "#notes"
    assert 'role="alert"' in answer.text


def test_problem_of_a_dialog_stays_in_the_dialog(manager: TestClient) -> None:
    answer = manager.post("/console/dialing/stop", data={"why": ""}, headers=HTMX | {"hx-target": "problem-stop"})

    assert answer.status_code == 422
    assert "hx-retarget" not in answer.headers


def test_emergency_stop_needs_a_reason_and_shows_it(manager: TestClient, sessions: Sessions) -> None:
    manager.post("/console/dialing/stop", data={"why": "wrong list"}, headers=HTMX)

    with sessions() as session:
        gate = session.scalars(select(DialingGate)).one()
        assert (gate.shut, gate.why) == (True, "wrong list")
    assert "wrong list" in manager.get("/console/live/summary").text


def test_test_call_is_refused_while_dialing_is_stopped(manager: TestClient) -> None:
    manager.post("/console/dialing/stop", data={"why": "wrong list"}, headers=HTMX)

    answer = manager.post("/console/test-call", data={"agent": "Ava", "phone": "+12125550123"}, headers=HTMX)

    assert answer.status_code == 409
    assert "wrong list" in answer.text


def test_unchanged_part_is_not_sent_again(manager: TestClient, factory: Factory) -> None:
    factory.campaign()
    first = manager.get("/console/live/campaigns").text
    digest = first.rpartition('value="')[2].partition('"')[0]

    same = manager.get("/console/live/campaigns", params={"seen": digest})
    factory.campaign()
    changed = manager.get("/console/live/campaigns", params={"seen": digest})

    assert same.status_code == 204
    assert changed.status_code == 200


def test_words_of_strangers_stay_text(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    script = "<script>alert(1)</script>"
    lead = factory.lead(factory.campaign(name=f"spring {script}"), first_name=script)
    call = factory.call(lead, state=CallState.ENDED)
    with db.transaction(sessions) as tx:
        tx.session.add(
            Turn(
                call_id=call.id, epoch=1, number=1, speaker="person", kind="talk", text=script, started_s=0,
                ended_s=1, at=NOON,
            )
        )  # fmt: skip

    for path in ("/", "/console/live/calls", f"/console/calls/{call.id}"):
        assert script not in manager.get(path).text, path
        assert "&lt;script&gt;" in manager.get(path).text, path


def test_drawer_of_a_call_shows_what_it_used(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    call = factory.call(state=CallState.ENDED)
    with db.transaction(sessions) as tx:
        tx.session.add(Tally(call_id=call.id, epoch=1, counters={"eager_wasted_prompt_tokens": 12345, "underruns": 0}))

    drawer = manager.get(f"/console/calls/{call.id}").text

    assert "<dt>Eager wasted prompt tokens</dt><dd>12,345</dd>" in drawer
    assert "Underruns" not in drawer


def test_page_has_nothing_inline(manager: TestClient, factory: Factory) -> None:
    factory.lead(factory.campaign())

    page = manager.get("/").text

    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script src="/static/')
    assert " onclick=" not in page


def test_reference_lists_every_route_of_the_api(client: TestClient) -> None:
    page = client.get("/api/docs").text

    for path in client.get("/api/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert "//cdn" not in page
