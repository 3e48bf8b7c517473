"""Messages, numbers and webhooks of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook
from twilio.base.exceptions import TwilioRestException

from tests.contract.phone_sandbox import OURS, Phone, phone, until

ANN = "+12125550161"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with phone(tmp_path_factory.mktemp("world"), media=False) as phone_:
        yield phone_


@pytest.fixture
def sandbox(running: Phone) -> Phone:
    running.reset()
    return running


def test_the_account_and_its_numbers_are_shown(sandbox: Phone) -> None:
    account = sandbox.client.api.accounts(sandbox.world.options.account_sid).fetch()
    assert account.status == "active"
    (number,) = sandbox.client.incoming_phone_numbers.list(phone_number=OURS)
    assert number.phone_number == OURS
    assert sandbox.client.outgoing_caller_ids.list() == []


def test_a_message_is_kept_and_delivered(sandbox: Phone) -> None:
    url = f"{sandbox.application.url}/voice/message/x"
    sent = sandbox.client.messages.create(to=ANN, from_=OURS, body="See you.", status_callback=url)
    assert sent.status == "queued"
    assert [line["body"] for line in sandbox.ledger("sms") if line["key"] == sent.sid] == ["See you."]
    until(lambda: sandbox.client.messages(sent.sid).fetch().status == "delivered")
    assert until(lambda: len(sandbox.application.at("message")) == 2)
    assert [hit.form["MessageStatus"] for hit in sandbox.application.at("message")] == ["sent", "delivered"]


def test_who_texted_stop_cannot_be_texted(sandbox: Phone) -> None:
    order = {"from": ANN, "to": OURS, "body": "STOP"}
    httpx.post(f"{sandbox.url}/world/sms", json=order, trust_env=False).raise_for_status()
    (hit,) = until(lambda: [hit for hit in sandbox.application.hits if hit.path == "/sms/inbound"])
    assert hit.signed
    assert hit.form["Body"] == "STOP"
    with pytest.raises(TwilioRestException) as refused:
        sandbox.client.messages.create(to=ANN, from_=OURS, body="Hello again.")
    assert refused.value.code == 21610


def post(sandbox: Phone, event_id: str, secret: str | None = None) -> int:
    body = '{"type":"call.finished","timestamp":"2026-11-20T00:00:00Z","data":{"n":1}}'
    now = datetime.now(UTC)
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret or sandbox.world.options.webhook_secret).sign(event_id, now, body),
    }
    return httpx.post(f"{sandbox.url}/world/webhook", content=body, headers=headers, trust_env=False).status_code


def test_signed_webhooks_are_kept_by_id(sandbox: Phone) -> None:
    assert [post(sandbox, "evt_1"), post(sandbox, "evt_1")] == [200, 200]
    lines = [line for line in sandbox.ledger("webhook") if line["key"] == "evt_1"]
    assert [(line["status"], line["type"], line["data"]) for line in lines] == [(200, "call.finished", {"n": 1})] * 2


def test_forged_webhooks_are_refused(sandbox: Phone) -> None:
    assert post(sandbox, "evt_2", secret="whsec_" + "QUFB" * 10) == 401


def test_the_receiver_fails_when_told(sandbox: Phone) -> None:
    sandbox.faults(rates={"webhook_error": 1.0}, webhook_status=410)
    assert post(sandbox, "evt_3") == 410
    assert not [line for line in sandbox.ledger("webhook") if line["key"] == "evt_3"]


def test_faults_that_nobody_knows_are_refused(sandbox: Phone) -> None:
    answer = httpx.put(f"{sandbox.url}/world/faults", json={"rates": {"earthquake": 1}}, trust_env=False)
    assert answer.status_code == 422
