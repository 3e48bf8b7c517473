"""Pages for people: the templates, and what all of them may use."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dialer.campaigns.calendar import DAYS

INTENTS = {
    "affirm": "agrees",
    "deny": "declines",
    "interested": "is interested",
    "not_interested": "is not interested",
    "callback": "wants to be called later",
    "do_not_call": "wants no more calls",
    "ask_price": "asks about the price",
    "ask_info": "asks a question",
    "ask_identity": "asks who calls",
    "human": "asks for a person",
    "wrong_number": "says that it is a wrong number",
    "complaint": "complains",
    "greeting": "greets",
    "goodbye": "says goodbye",
    "inform": "tells something",
    "undecided": "has not decided yet",
    "wait": "asks to wait",
    "repeat": "asks to hear it again",
    "other": "says something else",
}
"""What a person does who is understood so."""
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
    """Show a problem: as a whole page, or as a note on the page that is open. Who is not known is sent to log in."""
    headers = dict(headers or {})
    if document["status"] == HTTPStatus.UNAUTHORIZED:
        if is_partial(request):
            return Response(status_code=401, headers={"HX-Redirect": "/login"})
        return RedirectResponse(f"/login?{urlencode({'goto': request.url.path})}", 303)
    if not is_partial(request):
        return templates.TemplateResponse(request, "problem.html", {"problem": document}, document["status"], headers)
    # A dialog lies over the notes: its form names a place of its own, and the note goes there.
    if not request.headers.get("hx-target", "").startswith("problem-"):
        headers |= {"HX-Retarget": "#notes", "HX-Reswap": "beforeend"}
    return templates.TemplateResponse(request, "note.html", {"problem": document}, document["status"], headers)


def _minutes(seconds: float | None) -> str:
    """As in 2:05."""
    whole = round(seconds or 0)
    return f"{whole // 60}:{whole % 60:02}"


def _words(text: object) -> str:
    """As in Not interested, for not_interested."""
    return str(text).replace("_", " ").capitalize()


def _plain(value: object) -> str:
    """As in Yes, for True; a value of the extraction schema, as a person would say it."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return "-" if value is None else str(value)


def _windows(windows: dict[str, list[list[str]]]) -> str:
    """As in mon-fri 09:00-17:00."""
    hours = {day: ", ".join("-".join(window) for window in windows.get(day, [])) for day in DAYS}
    runs: list[tuple[str, str, str]] = []
    for day in DAYS:
        if runs and runs[-1][2] == hours[day]:
            runs[-1] = (runs[-1][0], day, hours[day])
        else:
            runs.append((day, day, hours[day]))
    return " · ".join(f"{a if a == b else f'{a}-{b}'} {text}" for a, b, text in runs if text)


def _intent(name: str) -> str:
    """As in asks for a person, for human."""
    return INTENTS.get(name, name.replace("_", " "))


templates.env.filters |= {"intent": _intent, "minutes": _minutes, "plain": _plain, "words": _words, "windows": _windows}
templates.env.globals["icon"] = templates.get_template("icons.html").module.icon  # type: ignore[attr-defined]
templates.env.globals["leads_states"] = ("done", "in_flight", "due", "waiting", "blocked")
