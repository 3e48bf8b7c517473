"""The console in a real browser: what a campaign manager does on the first day."""

from __future__ import annotations

import os
import socket
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from uuid import uuid4

import pytest
import uvicorn
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select

from dialer import db
from dialer.accounts import users
from dialer.accounts.models import Role
from dialer.calls.models import Call, DialingGate, Turn
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignState
from dialer.db import Sessions
from dialer.settings import Settings, Vendors
from dialer.web.app import create_app
from tests.factories import NOON, Factory
from tests.fakes import FakeMessages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
CSV = "Mobile;Vorname;Notes\n+1 212 555 0101;Ada;\n(212) 555-0102;Grace;\nnot a number;Alan;\n"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
PATIENCE_MS = 60_000
DURATION_S = "audio => audio.duration || new Promise(known => audio.ondurationchange = () => known(audio.duration))"
REFUSED = "status of 422"
"""What a browser logs of an answer that the page shows: no complaint."""


def chromium() -> str:
    """Where a browser is. Without one the test is skipped, unless one is required."""
    found = which("chromium") or which("chromium-browser") or which("google-chrome")
    if found is None:
        if os.environ.get("DIALER_REQUIRE_BROWSER") == "1":
            pytest.fail("DIALER_REQUIRE_BROWSER=1, and there is no chromium")
        pytest.skip("there is no chromium: the console was NOT looked at in a browser")
    return found


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def factory(sessions: Sessions) -> Factory:
    factory = Factory(sessions)
    factory.set_clock()
    with db.transaction(sessions) as tx:
        users.create(tx.session, factory.organization.id, EMAIL, PASSWORD, Role.ADMIN, by="test")
    return factory


@pytest.fixture
def base_url(database_url: str, data_dir: Path) -> Iterator[str]:
    """A web process on a free port."""
    nowhere = Vendors(openai_base_url="http://127.0.0.1:9/v1")
    settings = Settings(database_url=database_url, data_dir=data_dir, secret_key="s" * 32, vendors=nowhere)  # type: ignore[arg-type]
    app = create_app(settings)
    app.state.dialer.wiring.__dict__["messages"] = FakeMessages()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def page(base_url: str, factory: Factory) -> Iterator[Page]:
    """The console, logged in. Anything that the browser complains of fails the test."""
    complaints: list[str] = []
    executable = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" and REFUSED not in said.text else None,
        )
        page.goto(base_url)
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.click("text=Log in >> nth=-1")
        page.wait_for_selector("#campaigns")
        page.wait_for_load_state()  # what is seen before the scripts run is not yet alive
        yield page
        browser.close()
    assert complaints == []


def test_csv_dropped_on_the_page_is_imported(page: Page, factory: Factory, base_url: str) -> None:
    factory.campaign(name="Spring", state=CampaignState.DRAFT)
    page.reload()
    _drop(page, "list.csv", CSV)

    page.wait_for_selector("#columns-guessed select")
    guessed = page.input_value("[aria-label='Column for Phone']")
    page.click("#import-form button.primary")
    page.wait_for_selector("#imported")

    assert guessed == "phone=Mobile"
    assert page.inner_text("#imported") == "2"
    assert page.inner_text("#rejected") == "1"
    with page.expect_download() as download:
        page.click("text=Download the rejected rows")
    assert "not a number" in Path(download.value.path()).read_text()
    page.wait_for_selector("#campaigns >> text=2 leads")


def test_call_is_read_and_heard(page: Page, factory: Factory, data_dir: Path, sessions: Sessions) -> None:
    call = _spoken_call(factory, sessions, data_dir)
    page.click(f"#open-{call.id}")

    page.wait_for_selector("#drawer[open] .turn.person >> text=What is this about?")
    assert page.eval_on_selector("#drawer audio", DURATION_S) == pytest.approx(1.0, abs=0.1)
    page.keyboard.press("Escape")
    page.wait_for_selector("#drawer:not([open])", state="attached")


def test_emergency_stop_is_two_clicks_and_a_reason(page: Page, sessions: Sessions) -> None:
    page.click("header >> text=Stop dialing")
    page.fill("#stop-dialog [name=why]", "wrong list")
    page.click("#stop-dialog button.danger")

    page.wait_for_selector(".stopped[role=alert] >> text=wrong list")
    with sessions() as session:
        assert session.get_one(DialingGate, 1).shut is True
    page.click(".stopped[role=alert] >> text=Resume")
    page.fill("#resume-dialog [name=why]", "mended")
    page.click("#resume-dialog button.primary")
    page.wait_for_selector(".stopped[role=alert]", state="detached")
    with sessions() as session:
        assert session.get_one(DialingGate, 1).shut is False


def test_campaign_is_created_in_its_dialog(page: Page, factory: Factory, sessions: Sessions) -> None:
    page.click("text=Create the first one")
    page.fill("#campaign-dialog [name=name]", "Summer")
    page.fill("#campaign-dialog [name=windows]", "someday")
    page.click("#campaign-dialog button.primary")
    page.wait_for_selector("#problem-campaign >> text=someday")
    page.fill("#campaign-dialog [name=windows]", "mon-fri 09:00-17:00")
    page.click("#campaign-dialog button.primary")

    page.wait_for_selector("#campaigns h3 >> text=Summer")
    with sessions() as session:
        assert session.scalars(select(Campaign.name)).all() == ["Summer"]


def test_documents_dropped_on_the_page_are_taken_and_asked_about(page: Page, factory: Factory) -> None:
    page.click("nav >> text=Knowledge")
    page.wait_for_selector("text=No documents yet")
    _drop(page, "prices.md", "# Prices\n\nA roof costs twelve thousand dollars.\n")
    page.fill("#documents-form [name=collection]", "solar")
    page.click("#documents-form button.primary")

    page.wait_for_selector("#added .note.good >> text=prices.md")
    page.wait_for_selector("#documents .badge >> text=Being read")
    page.fill("[name=q]", "What does a roof cost?")
    page.click("text=Look it up")
    page.wait_for_selector("#passages >> text=say nothing about")
    page.once("dialog", lambda asked: asked.accept())
    page.click("[aria-label='Remove prices.md']")
    page.wait_for_selector("#documents >> text=No documents yet")
    assert page.locator("#documents .badge").count() == 0


def _drop(page: Page, name: str, content: str) -> None:
    """Drop a file on the zone, as from a folder's window."""
    page.wait_for_load_state()
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], name, {type: "text/csv"}));
            return transfer;
        }""",
        [name, content],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})


def _spoken_call(factory: Factory, sessions: Sessions, data_dir: Path) -> Call:
    folder = data_dir / "recordings"
    folder.mkdir(parents=True)
    with wave.open(str(folder / "call.wav"), "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(bytes(2 * 2 * 8000))
    call = factory.call(state=CallState.ENDED, recording="call.wav", carrier_id=f"CA{uuid4().hex}")
    with sessions.begin() as session:
        for number, (speaker, text) in enumerate([("agent", "This is Ava."), ("person", "What is this about?")]):
            session.add(
                Turn(
                    call_id=call.id, epoch=1, number=number, speaker=speaker, kind="talk", text=text,
                    started_s=number * 2.0, ended_s=number * 2.0 + 1, timings_ms={"first_audio": 400}, at=NOON,
                )
            )  # fmt: skip
    return call
