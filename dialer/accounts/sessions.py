"""Console sessions, form tokens and one-time log-in links. All are signed; none is kept on the server.

A session names the user and a piece of their password's hash, so that a new password ends the sessions of the old one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from dialer.accounts import audit, queries, users
from dialer.accounts.models import User
from dialer.accounts.principal import NotLoggedIn
from dialer.errors import NotAllowed, NotFound

SESSION_S = 12 * 3600
LINK_S = 600
_SESSION, _LINK, _FORM = "console-session", "login-link", "form-token"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is good: its user, and the token that its forms must carry."""

    user: User
    form_token: str


def open_cookie(secret_key: str, user: User) -> str:
    """Return the value of the cookie of a new session."""
    content = {"user": str(user.id), "id": secrets.token_hex(8), "password": _fingerprint(user)}
    return str(_signer(secret_key, _SESSION).dumps(content))


def read_cookie(session: Session, secret_key: str, cookie: str | None) -> Opened:
    """Return the session of a cookie.

    Raises:
        NotLoggedIn: there is none, it is too old, or its user is gone, disabled or has a new password.
    """
    content = _load(secret_key, _SESSION, cookie or "", SESSION_S, "You are not logged in.")
    user = session.get(User, UUID(content["user"]))
    if user is None or user.disabled_at is not None or not hmac.compare_digest(content["password"], _fingerprint(user)):
        raise NotLoggedIn("This session has ended. Log in again.")
    return Opened(user, _form_token(secret_key, content["id"]))


def check_form(opened: Opened, token: str | None) -> None:
    """Make sure that a form came from our own page.

    Raises:
        NotAllowed: the token is missing or belongs to another session.
    """
    if not hmac.compare_digest(opened.form_token, token or ""):
        raise NotAllowed("This form has expired. Load the page again.")


def login_link(session: Session, secret_key: str, *, email: str, base_url: str) -> str:
    """Return a link that logs a user in once, within ten minutes, without a password.

    `base_url` is how the console is reached, as in http://127.0.0.1:8000.

    Raises:
        NotFound: there is no such user.
    """
    user = queries.user_by_email(session, email)
    if user is None:
        raise NotFound("user", email)
    token = _signer(secret_key, _LINK).dumps({"user": str(user.id), "nonce": secrets.token_hex(8)})
    return f"{base_url.rstrip('/')}/login/link?{urlencode({'token': token})}"


def redeem(session: Session, secret_key: str, token: str) -> User:
    """Return the user whose link this is; from now on it is used up.

    Raises:
        NotLoggedIn: the link is too old, was used, or is not one of ours.
    """
    content = _load(secret_key, _LINK, token, LINK_S, "This link is not good, or older than ten minutes.")
    user = session.get(User, UUID(content["user"]))
    if user is None or user.disabled_at is not None:
        raise NotLoggedIn("The user of this link is gone.")
    if queries.link_used(session, user.organization_id, content["nonce"]):
        raise NotLoggedIn("This link was used already. Each works once.")
    audit.write(session, user.organization_id, by=users.name(user), what="user.login_link", nonce=content["nonce"])
    return user


def _signer(secret_key: str, salt: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def _load(secret_key: str, salt: str, token: str, max_age_s: int, otherwise: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = _signer(secret_key, salt).loads(token, max_age=max_age_s)
    except (SignatureExpired, BadSignature) as error:
        raise NotLoggedIn(otherwise) from error
    return content


def _form_token(secret_key: str, session_id: str) -> str:
    return hmac.new(secret_key.encode(), f"{_FORM}:{session_id}".encode(), hashlib.sha256).hexdigest()


def _fingerprint(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
