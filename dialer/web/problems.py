"""Errors on the wire: RFC 9457 problem documents for programs, a page for people.

Every `DialerError` says its own status. A message of ours is written for whoever caused it and is shown; of any other
error only that it happened is told, and the rest is in the log.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dialer import log
from dialer.errors import DialerError, TransientError
from dialer.web import pages

MEDIA_TYPE = "application/problem+json"
_FOR_PROGRAMS = ("/api/", "/voice/", "/sms/", "/health/", "/metrics")
_log = log.get(__name__)


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


def kind(error: DialerError) -> str:
    """Return the class's name as a slug: `IllegalMove` is `illegal-move`. It is what clients may compare."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(error).__name__).lower()


def document(status: int, slug: str, detail: str, **more: Any) -> dict[str, Any]:
    """Return a problem document; `type` is a URN, for it names the problem and leads nowhere."""
    title = slug.replace("-", " ").capitalize()
    return {"type": f"urn:dialer:problem:{slug}", "title": title, "status": status, "detail": detail, **more}


def respond(request: Request, problem: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Answer with the problem in the form that the client reads."""
    if request.url.path.startswith(_FOR_PROGRAMS) or not pages.wanted(request):
        return ProblemResponse(problem, problem["status"], headers)
    return pages.problem(request, problem, headers)


def install(app: FastAPI) -> None:
    """Make the application answer every error as this module says."""
    app.add_exception_handler(DialerError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(PoolTimeout, _no_database)
    app.add_exception_handler(DBAPIError, _unforeseen)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, DialerError)
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TransientError) and error.wait_s is not None:
        headers["Retry-After"] = str(max(1, round(error.wait_s)))
    return respond(request, document(error.status, kind(error), str(error)), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{"at": "/".join(str(part) for part in e["loc"]), "message": e["msg"]} for e in error.errors()]
    detail = "; ".join(f"{e['at']}: {e['message']}" for e in found)
    return respond(request, document(422, "bad-input", detail, errors=found))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    slug = phrase.lower().replace(" ", "-")
    return respond(request, document(error.status_code, slug, error.detail or phrase), dict(error.headers or {}))


async def _no_database(request: Request, error: Exception) -> Response:
    _log.error("web.no_database", path=request.url.path, error=type(error).__name__)
    problem = document(503, "no-database", "The database does not answer. Nothing was changed; try again shortly.")
    return respond(request, problem, {"Retry-After": "2"})


async def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("web.unforeseen", path=request.url.path, exc_info=error)
    return respond(request, document(500, "unforeseen", "Something went wrong on our side; the log says what."))
