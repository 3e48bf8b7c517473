"""What the carrier's callbacks need is there before the first one comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dialer.settings import Settings
from dialer.web.app import create_app

SENT = """
import sys
from dialer.messages import CeleryMessages

messages = CeleryMessages("redis://127.0.0.1:1/0")
before = set(sys.modules)
messages.send("calls.converse", "call", "1")
print(len(set(sys.modules) - before))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    account = {"twilio_account_sid": "AC1", "twilio_auth_token": "t"}
    return Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none", vendors=account)


def test_what_callbacks_need_is_made_before_they_come(settings: Settings) -> None:
    app = create_app(settings)
    made = app.state.dialer.wiring.__dict__
    assert "settling" not in made

    with TestClient(app):
        assert {"carrier", "settling", "messages"} <= set(made)


def test_a_web_process_whose_carrier_cannot_be_had_serves_the_rest(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"carrier": "nobody"}))

    with TestClient(app) as client:
        assert client.get("/login").status_code == 200


def test_the_first_message_does_not_import_celery() -> None:
    ran = subprocess.run([sys.executable, "-c", SENT], check=True, capture_output=True, text=True, timeout=60)

    assert int(ran.stdout.split()[-1]) < 30  # 90 otherwise
