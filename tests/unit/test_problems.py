from __future__ import annotations

import inspect

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dialer import errors
from dialer.web import problems
from dialer.web.middleware.body_size import BodySize
from dialer.web.middleware.headers import SecurityHeaders

SAMPLES = [
    errors.BadInput("no phone column"),
    errors.NotFound("campaign", "x"),
    errors.Conflict("exists"),
    errors.IllegalMove("campaign", "x", "draft", "completed"),
    errors.NotAllowed("no"),
    errors.CarrierRefused("21211", "invalid", errors.Reach.LEAD),
    errors.VendorRefused("HubSpot", "401", "no"),
    errors.VendorBusy("HubSpot", "slow", 3.2),
    errors.VendorSilent("HubSpot", "gone"),
]


def client(*, raises: Exception | None = None, limit: int = 100) -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(BodySize, limit=lambda _: limit)
    app.add_middleware(SecurityHeaders)

    @app.get("/api/things")
    def things(n: int = 1) -> int:
        if raises is not None:
            raise raises
        return n

    @app.post("/api/things")
    def add(body: dict[str, str]) -> int:
        return len(body)

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda e: type(e).__name__)
def test_every_error_of_ours_is_a_problem_document_with_its_own_status(error: errors.DialerError) -> None:
    answer = client(raises=error).get("/api/things")

    assert answer.status_code == error.status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:dialer:problem:{problems.kind(error)}"
    assert body["status"] == error.status
    assert body["detail"] == str(error)
    assert body["title"]


def test_slugs_of_all_errors_differ() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.DialerError)]

    slugs = {problems.kind(c.__new__(c)) for c in classes}

    assert len(slugs) == len(classes)


def test_busy_vendor_says_when_to_ask_again() -> None:
    answer = client(raises=errors.VendorBusy("HubSpot", "slow", 3.2)).get("/api/things")

    assert answer.headers["retry-after"] == "3"


def test_unforeseen_error_keeps_its_words_to_itself() -> None:
    answer = client(raises=RuntimeError("password is hunter2")).get("/api/things")

    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_invalid_parameter_is_named() -> None:
    answer = client().get("/api/things?n=many")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"] == "query/n"


def test_unknown_path_is_a_problem_document() -> None:
    answer = client().get("/api/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_browser_gets_a_page() -> None:
    answer = client(raises=errors.NotFound("page", "<b>x</b>")).get("/elsewhere", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_announced_body_over_the_limit_is_refused() -> None:
    answer = client().post("/api/things", json={"a": "b" * 200})

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:dialer:problem:too-large"


def test_unannounced_body_over_the_limit_is_refused() -> None:
    def chunks() -> object:
        for _ in range(20):
            yield b"x" * 20

    answer = client().post("/api/things", content=chunks())  # type: ignore[arg-type]

    assert answer.status_code == 413


def test_no_inline_script_is_allowed_anywhere() -> None:
    answer = client().get("/api/nothing")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
