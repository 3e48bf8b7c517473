"""Which of our errors each error answer of a CRM becomes, through the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from tests.contract.sandbox_part import served
from tests.contract.test_crm_promises import CONTACT, make_hubspot, make_salesforce


class Scripted:
    """Logs everybody in and answers everything else with one thing."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, Any, dict[str, str]()
        self.asked = 0
        self.url = ""
        self.app = FastAPI()
        self.app.post("/salesforce/services/oauth2/token")(self._log_in)
        self.app.api_route("/{path:path}", methods=["GET", "POST", "PATCH", "PUT"])(self._answer)

    def answers(self, status: int, body: Any, **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def _log_in(self) -> dict[str, str]:
        return {"access_token": "token", "instance_url": "https://acme.my.salesforce.com"}

    async def _answer(self, request: Request) -> Response:
        await request.body()
        self.asked += 1
        if isinstance(self.body, str):
            return Response(self.body, self.status, self.headers, media_type="text/html")
        return JSONResponse(self.body, self.status, self.headers)


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    with served(server.app) as url:
        server.url = url
        yield server


def hubspot_error(category: str = "X", **more: str) -> dict[str, str]:
    return {"status": "error", "message": "because", "category": category, **more}


def salesforce_error(code: str) -> list[dict[str, Any]]:
    return [{"message": "because", "errorCode": code, "fields": []}]


@pytest.mark.parametrize(
    ("status", "body", "headers", "wait_s"),
    [
        (429, hubspot_error(policyName="SECONDLY"), {}, 1),
        (429, hubspot_error(policyName="TEN_SECONDLY_ROLLING"), {}, 10),
        (429, hubspot_error(policyName="DAILY"), {"Retry_After": "30"}, 30),
        (423, hubspot_error(), {}, 2),
        (477, hubspot_error(), {"Retry_After": "60"}, 60),
        (500, "<html>", {}, None),
        (503, hubspot_error(), {"Retry_After": "5"}, 5),
    ],
)
def test_hubspot_is_busy(server: Scripted, status: int, body: Any, headers: dict[str, str], wait_s: float) -> None:
    server.answers(status, body, **headers)

    with pytest.raises(VendorBusy) as busy:
        make_hubspot(server.url).upsert_contact(CONTACT)

    assert busy.value.wait_s == wait_s
    assert server.asked == 1


def test_hubspots_daily_limit_ends_at_midnight(server: Scripted) -> None:
    server.answers(429, hubspot_error(policyName="DAILY"))

    with pytest.raises(VendorBusy) as busy:
        make_hubspot(server.url).upsert_contact(CONTACT)

    assert 0 < (busy.value.wait_s or 0) <= 24 * 3600


@pytest.mark.parametrize(
    ("status", "category"),
    [(400, "VALIDATION_ERROR"), (401, "INVALID_AUTHENTICATION"), (403, "MISSING_SCOPES"), (404, "OBJECT_NOT_FOUND")],
)
def test_hubspot_refuses(server: Scripted, status: int, category: str) -> None:
    server.answers(status, hubspot_error(category))

    with pytest.raises(VendorRefused) as refused:
        make_hubspot(server.url).upsert_contact(CONTACT)

    assert refused.value.code == category
    assert server.asked == 1


@pytest.mark.parametrize(
    ("status", "body", "wait_s"),
    [
        (403, salesforce_error("REQUEST_LIMIT_EXCEEDED"), 60),
        (400, salesforce_error("UNABLE_TO_LOCK_ROW"), None),
        (400, salesforce_error("QUERY_TIMEOUT"), None),
        (503, salesforce_error("SERVER_UNAVAILABLE"), None),
        (500, "<html>", None),
    ],
)
def test_salesforce_is_busy(server: Scripted, status: int, body: Any, wait_s: float) -> None:
    server.answers(status, body)

    with pytest.raises(VendorBusy) as busy:
        make_salesforce(server.url).upsert_contact(CONTACT)

    assert busy.value.wait_s == wait_s
    assert server.asked == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, salesforce_error("FIELD_CUSTOM_VALIDATION_EXCEPTION"), "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        (400, salesforce_error("DUPLICATES_DETECTED"), "DUPLICATES_DETECTED"),
        (403, salesforce_error("INSUFFICIENT_ACCESS"), "INSUFFICIENT_ACCESS"),
        (404, salesforce_error("NOT_FOUND"), "NOT_FOUND"),
        (300, ["/services/data/v66.0/sobjects/Lead/00Q1"], "MULTIPLE_MATCHES"),
    ],
)
def test_salesforce_refuses(server: Scripted, status: int, body: Any, code: str) -> None:
    server.answers(status, body)

    with pytest.raises(VendorRefused) as refused:
        make_salesforce(server.url).upsert_contact(CONTACT)

    assert refused.value.code == code
    assert server.asked == 1


def test_key_field_that_takes_a_value_twice_is_refused(server: Scripted) -> None:
    fields = [{"name": name, "externalId": True, "unique": False} for name in ("Dialer_Id__c", "Dialer_Key__c")]
    more = {"createable": True, "custom": True, "type": "string", "length": 64}
    server.answers(200, {"fields": [field | more for field in fields]})

    with pytest.raises(VendorRefused, match="unique"):
        make_salesforce(server.url).prepare()


def test_salesforces_ended_session_is_asked_about_twice_at_most(server: Scripted) -> None:
    server.answers(401, salesforce_error("INVALID_SESSION_ID"))

    with pytest.raises(VendorBusy):
        make_salesforce(server.url).upsert_contact(CONTACT)

    assert server.asked == 2


@pytest.mark.parametrize("make", [make_hubspot, make_salesforce])
def test_unreadable_answer_is_silence(server: Scripted, make: Any) -> None:
    server.answers(200, "<html>")

    with pytest.raises(VendorSilent):
        make(server.url).upsert_contact(CONTACT)
