"""The first log-in: an installation without users gets an administrator, and a link that lets them in once."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from dialer.accounts import queries, secret, sessions, users
from dialer.accounts.models import Role, User
from dialer.db import Sessions, transaction
from dialer.settings import Settings

EMAIL = "admin@localhost"
BY = "first log-in"


def log_in_link(opened: Sessions, settings: Settings) -> str | None:
    """Return a link for the first administrator: good once, within ten minutes.

    None once somebody else has an account: who runs this machine then uses theirs, or `dialer users link`.
    """
    with transaction(opened) as tx:
        session = tx.session
        organization_id = queries.organization(session, settings.organization)
        emails = set(session.scalars(select(User.email).where(User.organization_id == organization_id)))
        if emails - {EMAIL}:
            return None
        if not emails:
            users.create(session, organization_id, EMAIL, secrets.token_urlsafe(24), Role.ADMIN, by=BY)
            session.flush()
        base_url = f"http://{settings.web_host}:{settings.web_port}"
        return sessions.login_link(session, secret.read(settings), email=EMAIL, base_url=base_url)
