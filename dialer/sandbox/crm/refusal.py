"""An error answer, in the words of the CRM that gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """Answer with this status and JSON body; nothing was written."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, dict(headers or {})


async def answer(_request: Request, refusal: Exception) -> Response:
    """Give the answer: a handler of Starlette's."""
    assert isinstance(refusal, Refusal)
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


def hubspot(
    status: int, category: str, message: str, *, errors: list[dict[str, Any]] | None = None, **more: Any
) -> Refusal:
    """HubSpot's form: one object."""
    body = {"status": "error", "message": message, "correlationId": "00000000-0000-4000-8000-000000000000"}
    return Refusal(status, {**body, "category": category, "errors": errors or [], **more})


def salesforce(status: int, code: str, message: str, fields: list[str] | None = None) -> Refusal:
    """Salesforce's form: a list of errors."""
    return Refusal(status, [{"message": message, "errorCode": code, "fields": fields or []}])
