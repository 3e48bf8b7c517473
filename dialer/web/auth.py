"""Who asks: an API key in the `Authorization` header, or the console's session cookie. Never both for one route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Header
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from dialer import db
from dialer.accounts import keys, sessions, users
from dialer.accounts.models import Role, User
from dialer.accounts.principal import NotLoggedIn, Principal
from dialer.errors import NotAllowed
from dialer.web.state import State, WebState

COOKIE = "dialer_session"
_bearer = HTTPBearer(auto_error=False, description="An API key, from `dialer keys create NAME`.")


def by_key(state: State, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
    """Return the holder of the request's API key.

    Raises:
        NotLoggedIn: there is no key, or it is not good.
    """
    if given is None:
        raise NotLoggedIn("This needs an API key: Authorization: Bearer dk_…")
    with db.transaction(state.sessions) as tx:
        return keys.principal(tx.session, given.credentials)


def _manager(who: Annotated[Principal, Depends(by_key)]) -> Principal:
    who.require(Role.MANAGER)
    return who


Viewer = Annotated[Principal, Depends(by_key)]
Manager = Annotated[Principal, Depends(_manager)]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at the console."""

    who: Principal
    form_token: str


def by_cookie(request: Request, state: State) -> Visitor:
    """Return the user of the request's session.

    Raises:
        NotLoggedIn: there is no session, or it has ended.
    """
    return Visitor(*_opened(request, state))


def by_form(
    request: Request,
    state: State,
    csrf: Annotated[str, Form()] = "",
    x_csrf_token: Annotated[str, Header()] = "",
) -> Visitor:
    """Return the user of a session that may change something: the form came from a page of ours.

    Raises:
        NotLoggedIn: there is no session, or it has ended.
        NotAllowed: the form's token is missing or wrong, or the request comes from another site.
    """
    same_site(request)
    with db.transaction(state.sessions) as tx:
        opened = sessions.read_cookie(tx.session, state.secret, request.cookies.get(COOKIE))
    sessions.check_form(opened, x_csrf_token or csrf)
    return Visitor(users.principal(opened.user), opened.form_token)


Looking = Annotated[Visitor, Depends(by_cookie)]
Acting = Annotated[Visitor, Depends(by_form)]


def same_site(request: Request) -> None:
    """Refuse what a browser says another site made it send. Needed where there is no session yet: at the log-in.

    Raises:
        NotAllowed: it comes from another site.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed("This request comes from another site.")


def begin(request: Request, response: Response, state: WebState, user: User) -> None:
    """Give the browser a session."""
    response.set_cookie(
        COOKIE,
        sessions.open_cookie(state.secret, user),
        max_age=sessions.SESSION_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def end(response: Response) -> None:
    """Take the session away."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def _opened(request: Request, state: WebState) -> tuple[Principal, str]:
    with db.transaction(state.sessions) as tx:
        opened = sessions.read_cookie(tx.session, state.secret, request.cookies.get(COOKIE))
    return users.principal(opened.user), opened.form_token
