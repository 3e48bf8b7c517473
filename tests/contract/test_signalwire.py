"""What SignalWire does otherwise than Twilio, over real HTTP: where it is, how it refuses, how it signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from dialer.errors import CarrierRefused, NotFound, Reach
from dialer.telephony.base import CarrierStatus, Deadline, DialOrder
from dialer.telephony.signalwire import SignalWire
from tests.contract.phone_sandbox import served, unused_port

PROJECT = "8d1a0c8a-5f0e-4c6d-9f0a-3b6f0c2d1e4f"
CALL = "5b1c9f4e-0d2a-4f3b-8c7d-6e5f4a3b2c1d"
KEY = "PSK_signing"
Asked = list[tuple[str, str, dict[str, str]]]
HERE = "https://dialer.test/voice/status/1"


def call(status: str = "queued") -> dict[str, object]:
    """A call as the compatible API shows it: bare ids, numbers that are numbers, short words."""
    return {
        "sid": CALL,
        "account_sid": PROJECT,
        "to": "+12125550101",
        "from": "+12125550100",
        "status": status,
        "direction": "outbound",
        "duration": 7,
        "price": 0.01,
        "answered_by": None,
        "date_created": "Fri, 20 Nov 2026 10:00:00 +0000",
        "date_updated": "Fri, 20 Nov 2026 10:00:00 +0000",
        "start_time": None,
        "end_time": None,
    }


@pytest.fixture
def asked() -> Asked:
    """Requests that came in: method, path and form."""
    return []


@pytest.fixture
def space(asked: Asked) -> Iterator[str]:
    """A space's API."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(request: Request, path: str) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked.append((request.method, f"/{path}", form))
        expected = base64.b64encode(f"{PROJECT}:token".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return JSONResponse({"errors": [{"code": "401", "message": "Unauthorized"}]}, 401)
        if not path.startswith(f"api/laml/2010-04-01/Accounts/{PROJECT}/"):
            return Response(status_code=404)
        if form.get("To") == "+12125550199":
            return JSONResponse({"errors": [{"code": "21211", "message": "Invalid 'To' number"}]}, 400)
        if path.endswith("IncomingPhoneNumbers.json"):
            numbers = {"incoming_phone_numbers": [{"sid": "1", "phone_number": "+12125550100"}], "next_page_uri": None}
            return JSONResponse(numbers)
        if path.endswith("/Calls.json") and request.method == "GET":
            later = f"/api/laml/2010-04-01/Accounts/{PROJECT}/Calls.json?Page=1&PageToken=x"
            first = "PageToken" not in request.query_params
            page = {"calls": [call()] if first else [], "next_page_uri": later if first else None, "uri": f"/{path}"}
            return JSONResponse(page)
        if request.method == "GET" and CALL not in path:
            return JSONResponse({"code": "20404", "message": "not found", "status": 404}, 404)
        return JSONResponse(call("in-progress" if CALL in path else "queued"), 200 if CALL in path else 201)

    port = unused_port()
    with served(app, port):
        yield f"http://127.0.0.1:{port}/api/laml"


@pytest.fixture
def carrier(space: str) -> Iterator[SignalWire]:
    made = SignalWire(project_id=PROJECT, api_token="token", signing_key=KEY, space="acme", base_url=space)
    yield made
    made.close()


def order(to: str = "+12125550101") -> DialOrder:
    return DialOrder(
        to_number=to,
        from_number="+12125550100",
        answer_url="https://dialer.test/voice/answer/1",
        fallback_url="https://dialer.test/voice/continue/1",
        status_url=HERE,
        amd_url="https://dialer.test/voice/amd/1",
        ring_timeout_s=25,
        max_duration_s=600,
    )


def soon() -> Deadline:
    return Deadline(time.monotonic() + 30)


def test_a_call_is_placed_below_the_spaces_path(carrier: SignalWire, asked: Asked) -> None:
    assert carrier.place(order(), soon()) == CALL

    ((method, path, form),) = asked
    assert (method, path) == ("POST", f"/api/laml/2010-04-01/Accounts/{PROJECT}/Calls.json")
    assert (form["To"], form["Url"]) == ("+12125550101", "https://dialer.test/voice/answer/1")


def test_a_refusal_in_a_list_is_read(carrier: SignalWire) -> None:
    with pytest.raises(CarrierRefused) as refused:
        carrier.place(order("+12125550199"), soon())

    assert (refused.value.code, refused.value.reach) == ("21211", Reach.LEAD)


def test_a_call_is_read_with_its_own_id_and_words(carrier: SignalWire) -> None:
    read = carrier.fetch(CALL)

    assert (read.carrier_id, read.status, read.duration_s) == (CALL, CarrierStatus.IN_PROGRESS, 7)
    assert read.ordered
    with pytest.raises(NotFound):
        carrier.fetch("00000000-0000-4000-8000-000000000000")


def test_all_pages_are_read_below_the_spaces_path(carrier: SignalWire, asked: Asked) -> None:
    found = carrier.find(to_number="+12125550101", from_number="+12125550100", since=datetime(2026, 11, 20, tzinfo=UTC))

    assert [one.carrier_id for one in found] == [CALL]
    assert {path for _, path, _ in asked} == {f"/api/laml/2010-04-01/Accounts/{PROJECT}/Calls.json"}


def test_only_bought_numbers_are_callers(carrier: SignalWire) -> None:
    assert carrier.caller_ids() == ["+12125550100"]
    assert carrier.asked_urls(CALL) == []


def test_forms_are_signed_by_the_signing_key(carrier: SignalWire) -> None:
    form = {"CallSid": CALL, "CallStatus": "completed"}
    text = HERE + "".join(f"{name}{form[name]}" for name in sorted(form))

    def signed(key: str) -> str:
        return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()

    assert carrier.verify(HERE, form, {"x-signalwire-signature": signed(KEY)})
    assert carrier.verify(HERE, form, {"x-twilio-signature": signed(KEY)})
    assert not carrier.verify(HERE, form, {"x-signalwire-signature": signed("token")})
    assert not carrier.verify(HERE, form, {})


def test_raw_bodies_are_signed_in_hexadecimal(carrier: SignalWire) -> None:
    body = '{"event":"x"}'
    signed = hmac.new(KEY.encode(), (HERE + body).encode(), hashlib.sha1).hexdigest()

    assert carrier.verify(HERE, body, {"x-signalwire-signature": signed})
    assert not carrier.verify(HERE, body + " ", {"x-signalwire-signature": signed})


def test_without_a_signing_key_nothing_is_believed(space: str) -> None:
    keyless = SignalWire(project_id=PROJECT, api_token="token", signing_key="", space="acme", base_url=space)
    signed = base64.b64encode(hmac.new(b"", HERE.encode(), hashlib.sha1).digest()).decode()

    assert not keyless.verify(HERE, {}, {"x-signalwire-signature": signed})
    keyless.close()
