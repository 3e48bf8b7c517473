"""What the REST interfaces of the sandbox share: a table of routes, and bodies of JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

Route = tuple[str, str, Callable[..., Awaitable[Any]], int]
"""Method, path, handler, and the status when all is well."""


def route(routes: APIRouter, *table: Route) -> None:
    """Add the routes of a table; of two that fit a request, the first one is taken."""
    for method, path, handler, status in table:
        routes.add_api_route(path, handler, methods=[method], status_code=status)


async def json_object(request: Request) -> dict[str, Any] | None:
    """Read a request's body; None if that is no JSON object."""
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
