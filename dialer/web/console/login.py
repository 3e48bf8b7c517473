"""Coming and going: the log-in page, one-time links, log-out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dialer import db
from dialer.accounts import sessions, users
from dialer.errors import DialerError
from dialer.web import auth, pages
from dialer.web.state import State

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(request: Request, goto: str = "/") -> Response:
    """Ask who it is."""
    return pages.templates.TemplateResponse(request, "login.html", {"goto": _ours(goto)})


@router.post("/login")
def login(
    request: Request,
    state: State,
    email: Annotated[str, Form(max_length=320)],
    password: Annotated[str, Form(max_length=1024)],
    goto: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session, or ask again and say what was wrong."""
    try:
        auth.same_site(request)
        state.throttle.check(request.client.host if request.client else "unknown", email)
        with db.transaction(state.sessions) as tx:
            user = users.log_in(tx.session, email, password)
    except DialerError as error:
        context = {"goto": _ours(goto), "email": email, "wrong": str(error)}
        return pages.templates.TemplateResponse(request, "login.html", context, error.status)
    response = RedirectResponse(_ours(goto), 303)
    auth.begin(request, response, state, user)
    return response


@router.get("/login/link")
def link_page(request: Request, token: str) -> Response:
    """Ask for a click: a program that only looks at links must not use this one up."""
    return pages.templates.TemplateResponse(request, "login_link.html", {"token": token})


@router.post("/login/link")
def link(request: Request, state: State, token: Annotated[str, Form()]) -> Response:
    """Begin a session with a one-time link."""
    try:
        auth.same_site(request)
        with db.transaction(state.sessions) as tx:
            user = sessions.redeem(tx.session, state.secret, token)
    except DialerError as error:
        return pages.templates.TemplateResponse(request, "login.html", {"goto": "/", "wrong": str(error)}, error.status)
    response = RedirectResponse("/", 303)
    auth.begin(request, response, state, user)
    return response


@router.post("/logout")
def logout(visitor: auth.Acting) -> Response:
    """End the session."""
    response = RedirectResponse("/login", 303)
    auth.end(response)
    return response


def _ours(goto: str) -> str:
    """Return a path of this site: a link must not lead from the log-in to another."""
    return goto if goto.startswith("/") and not goto.startswith(("//", "/\\")) else "/"
