"""Pages for people: the templates, and what all of them may use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
templates = Jinja2Templates(directory=FOLDER / "templates")


def wanted(request: Request) -> bool:
    """Whether the client is a browser that shows what it gets."""
    return "text/html" in request.headers.get("accept", "") or is_partial(request)


def is_partial(request: Request) -> bool:
    """Whether htmx asks, for a part of a page that is open."""
    return request.headers.get("hx-request") == "true"


def problem(request: Request, document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Show a problem: as a whole page, or as a note on the page that is open."""
    headers = dict(headers or {})
    name = "problem.html"
    if is_partial(request):
        name = "note.html"
        headers |= {"HX-Retarget": "#notes", "HX-Reswap": "beforeend"}
    return templates.TemplateResponse(request, name, {"problem": document}, document["status"], headers)
