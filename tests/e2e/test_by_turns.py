"""A whole call without a stream: the sandbox's carrier speaks by <Say> and listens by <Gather>."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from dialer import db
from dialer.calls.models import Call, SeatState, Turn
from dialer.calls.states import CallState
from dialer.leads.models import Suppression
from dialer.sandbox.app import Options
from dialer.sandbox.app import create_app as create_sandbox
from dialer.supervisor import local_world
from dialer.telephony.models import CallerId
from dialer.web.app import create_app
from tests.contract.phone_sandbox import served, until, unused_port
from tests.db.web_client import web_settings
from tests.factories import Factory, definition
from tests.fakes import FakeMessages

PERSON = "+12125550177"
pytestmark = pytest.mark.timeout(300)  # people talk in real time


@pytest.fixture
def world(sessions: db.Sessions, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A sandbox whose number leads to our web process, which has vendors but no call worker. Returns its URL."""
    factory = Factory(sessions)
    with sessions.begin() as session:
        session.merge(factory.agent_version).definition = definition(turn_by_turn=True).model_dump(mode="json")
    port, web_port = unused_port(), unused_port()
    public_url, here = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{port}"
    options = Options(data_dir=tmp_path, port=port, public_url=here, numbers=(factory.caller_id.phone,))
    options = replace(options, voice_url=f"{public_url}/voice/inbound")
    vendors = local_world.vendors(local_world.environment(options))
    settings = web_settings(database_url, tmp_path).model_copy(update={"public_url": public_url, "vendors": vendors})
    app = create_app(settings)
    app.state.dialer.wiring.__dict__.update(messages=FakeMessages())
    with served(create_sandbox(options), port), served(app, web_port):
        yield here


def turns(sessions: db.Sessions) -> list[tuple[str, str, str]]:
    with sessions() as session:
        rows = session.execute(select(Turn.speaker, Turn.kind, Turn.text).order_by(Turn.epoch, Turn.number))
        return [tuple(row) for row in rows]


def test_a_person_is_heard_answered_and_never_called_again(world: str, sessions: db.Sessions) -> None:
    with httpx.Client(base_url=world, trust_env=False) as sandbox:
        number = our_number(sessions)
        sandbox.post("/world/calls", json={"from": PERSON, "to": number, "kind": "never_again"}).raise_for_status()

        def opted_out() -> list[str]:
            with sessions() as session:
                return list(session.scalars(select(Suppression.phone)))

        assert until(opted_out, 200.0) == [PERSON], turns(sessions)
        until(lambda: sandbox.get("/world/health").json()["live_calls"] == 0, 60.0)

    said = turns(sessions)
    assert said[0][:2] == ("agent", "opener")
    assert said[-1][1:] == ("goodbye", "Understood. You will not be called again. Goodbye.")
    heard = [text for speaker, _, text in said if speaker == "person"]
    assert heard[0] == "Hello, I had a missed call from this number. What is it about?"
    assert not any("[speech" in text for text in heard)
    with sessions() as session:
        call = session.scalars(select(Call)).one()
    assert call.seat is SeatState.BY_TURNS
    assert call.state is CallState.TALKING  # until the carrier tells of its end
    assert call.opted_out_at is not None


def our_number(sessions: db.Sessions) -> str:
    with sessions() as session:
        return session.scalars(select(CallerId.phone)).one()
