"""The signed webhook, over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook as Verifier

from dialer.crm.webhook import Webhook
from dialer.errors import BadInput, VendorBusy, VendorRefused, VendorSilent
from tests.contract.sandbox_part import served, unused_port

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of test secret!").decode()
EVENT = {"type": "call.finished", "timestamp": "2026-11-24T15:04:00Z", "data": {"call": {"id": "0b7e"}}}


class Customer:
    """An endpoint that answers as told and remembers what it got."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.got: list[tuple[dict[str, str], str]] = []
        self.status, self.headers = 204, dict[str, str]()
        self.app.post("/hook")(self._take)
        self.url = ""

    async def _take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), (await request.body()).decode()))
        return Response(status_code=self.status, headers=self.headers)


@pytest.fixture
def customer() -> Iterator[Customer]:
    customer = Customer()
    with served(customer.app) as url:
        customer.url = f"{url}/hook"
        yield customer


def hook(url: str, **more: Any) -> Webhook:
    return Webhook(url, SECRET, allow_private=True, **more)


def test_event_arrives_with_a_signature_that_verifies(customer: Customer) -> None:
    hook(customer.url).post("evt_1", EVENT)

    ((headers, body),) = customer.got
    assert Verifier(SECRET).verify(body, headers) == EVENT
    assert headers["host"] == httpx.URL(customer.url).netloc.decode()


def test_every_attempt_bears_the_same_id(customer: Customer) -> None:
    sender = hook(customer.url)
    sender.post("evt_1", EVENT)
    sender.post("evt_1", EVENT)

    assert [headers["webhook-id"] for headers, _ in customer.got] == ["evt_1", "evt_1"]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410])
def test_refusal_is_permanent(customer: Customer, status: int) -> None:
    customer.status, customer.headers = status, {"location": "/hook"}

    with pytest.raises(VendorRefused) as refused:
        hook(customer.url).post("evt_1", EVENT)

    assert refused.value.code == str(status)
    assert len(customer.got) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_unwell_endpoint_is_busy_for_as_long_as_it_says(customer: Customer, status: int) -> None:
    customer.status, customer.headers = status, {"retry-after": "7"}

    with pytest.raises(VendorBusy) as busy:
        hook(customer.url).post("evt_1", EVENT)

    assert busy.value.wait_s == 7


def test_nobody_listening_is_busy() -> None:
    with pytest.raises(VendorBusy):
        hook(f"http://127.0.0.1:{unused_port()}/hook").post("evt_1", EVENT)


def test_no_answer_is_silence() -> None:
    app = FastAPI()

    @app.post("/hook")
    async def hold(request: Request) -> None:
        await request.body()
        await request.receive()

    with served(app) as url, pytest.raises(VendorSilent):
        hook(f"{url}/hook", timeout=httpx.Timeout(0.3)).post("evt_1", EVENT)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "[::1]", "[::ffff:192.168.0.1]", "0.0.0.0"]
)
def test_our_own_network_is_out_of_reach(host: str) -> None:
    with pytest.raises(VendorRefused, match="not public"):
        Webhook(f"https://{host}/hook", SECRET).post("evt_1", EVENT)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://example.com", SECRET),
        ("http://example.com", SECRET),
        ("nonsense", SECRET),
        ("https://example.com", ""),
        ("https://example.com", "whsec_c2hvcnQ="),
    ],
)
def test_unusable_configuration_is_bad_input(url: str, secret: str) -> None:
    with pytest.raises(BadInput):
        Webhook(url, secret)


def test_document_is_compact_json(customer: Customer) -> None:
    hook(customer.url).post("evt_1", EVENT)

    assert customer.got[0][1] == json.dumps(EVENT, separators=(",", ":"))
