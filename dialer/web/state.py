"""What every request of one web process shares: settings, the wiring, counters, and the vendors of speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from dialer import log
from dialer.accounts.throttle import BilledThrottle, Counts, LoginThrottle
from dialer.db import Sessions
from dialer.errors import BadInput
from dialer.settings import Settings
from dialer.web.assistant import Assistant
from dialer.wiring import Wiring

# As many as the threads that endpoints run in: none of them waits for a connection.
POOL_SIZE = 20

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class WebState:
    """Opened once with the application, closed with it."""

    settings: Settings
    wiring: Wiring
    sessions: Sessions
    secret: str
    throttle: LoginThrottle
    billed: BilledThrottle
    assistant: Assistant

    def get_ready(self) -> None:
        """Make what the carrier's callbacks need: made by the first one, it would hold up all others for 0.6 s.

        What cannot be made is told in the log. It stays so to whoever needs it; the console needs none of it.
        """
        try:
            self.wiring.settling  # noqa: B018
            self.wiring.messages  # noqa: B018
        except Exception as error:
            logger.warning("the carrier cannot be answered", error=str(error))

    def close(self) -> None:
        """Let go of the database."""
        self.wiring.engine.dispose()


def open_state(settings: Settings) -> WebState:
    """Wire everything up; no connection is made yet.

    Raises:
        BadInput: no database is configured.
    """
    if not settings.database_url:
        raise BadInput("The web process needs a database: set DATABASE_URL, or start everything with `dialer up`.")
    wiring = Wiring(settings, pool_size=POOL_SIZE)
    counts = Counts(settings.redis_url)
    return WebState(
        settings,
        wiring,
        wiring.sessions,
        wiring.secret,
        LoginThrottle(counts),
        BilledThrottle(counts),
        Assistant(settings),
    )


def of(connection: HTTPConnection) -> WebState:
    """Return the state of the application that serves this request."""
    state: WebState = connection.app.state.dialer
    return state


State = Annotated[WebState, Depends(of)]
