"""What every request of one web process shares: settings, database, and the key that signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from dialer import db
from dialer.accounts import secret
from dialer.accounts.throttle import LoginThrottle
from dialer.db import Sessions
from dialer.errors import BadInput
from dialer.settings import Settings


@dataclass(frozen=True, slots=True)
class WebState:
    """Opened once with the application, closed with it."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    secret: str
    throttle: LoginThrottle


def open_state(settings: Settings) -> WebState:
    """Open the pool (no connection is made yet) and read the key.

    Raises:
        BadInput: no database is configured.
    """
    if not settings.database_url:
        raise BadInput("The web process needs a database: set DATABASE_URL, or start everything with `dialer up`.")
    engine = db.engine(settings.database_url, pool_size=10, max_overflow=30)
    return WebState(settings, engine, db.sessions(engine), secret.read(settings), LoginThrottle(settings.redis_url))


def of(connection: HTTPConnection) -> WebState:
    """Return the state of the application that serves this request."""
    state: WebState = connection.app.state.dialer
    return state


State = Annotated[WebState, Depends(of)]
