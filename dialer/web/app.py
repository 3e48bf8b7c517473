"""The web application: carrier webhooks, API, console, health. ASGI factory `dialer.web.app:create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry
from starlette.concurrency import run_in_threadpool

from dialer import __version__, log
from dialer import settings as configuration
from dialer.knowledge.reading import apart
from dialer.settings import Settings
from dialer.web import health, pages, problems, reference, voice
from dialer.web.api import (
    agents,
    analytics,
    calls,
    campaigns,
    dialing,
    knowledge,
    leads,
    numbers,
    training,
    users,
    voice_ai,
)
from dialer.web.console import agents as agent_pages
from dialer.web.console import forms, login, views
from dialer.web.console import knowledge as knowledge_pages
from dialer.web.metrics import DatabaseGauges
from dialer.web.middleware.access_log import AccessLog
from dialer.web.middleware.body_size import BodySize
from dialer.web.middleware.headers import SecurityHeaders
from dialer.web.state import open_state

MAX_BODY_BYTES = 1_000_000
MAX_UPLOAD_BYTES = 500_000_000
"""About four million leads, or a folder of documents."""
MAX_DOCUMENT_BYTES = apart.MOST_BYTES + 100_000
"""A document, and the form around it."""
API = (
    campaigns.router,
    leads.router,
    calls.router,
    agents.router,
    knowledge.router,
    dialing.router,
    numbers.router,
    users.router,
    analytics.router,
    voice_ai.router,
    training.router,
)
CONSOLE = (login.router, views.router, agent_pages.router, knowledge_pages.router, forms.router)
_UPLOADS = {
    "/api/leads": MAX_UPLOAD_BYTES,
    "/console/leads": MAX_UPLOAD_BYTES,
    "/api/knowledge": MAX_DOCUMENT_BYTES,
    "/console/documents": MAX_UPLOAD_BYTES,
}
_log = log.get(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application, with the settings of this process unless others are given.

    Raises:
        BadInput: the settings cannot be used.
    """
    state = open_state(settings or configuration.load())
    registry = CollectorRegistry()
    registry.register(DatabaseGauges(state.sessions))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(state.get_ready)
        yield
        await state.assistant.close()
        state.close()

    app = FastAPI(
        title="Dialer",
        version=__version__,
        summary="Campaigns, leads and calls.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.dialer = state
    app.state.registry = registry
    problems.install(app)
    app.add_middleware(BodySize, limit=_body_limit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, registry=registry)
    app.include_router(health.router)
    app.include_router(reference.router)
    for router in (*API, *CONSOLE, *_carrier_routers()):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    return app


def _body_limit(path: str) -> int:
    return _UPLOADS.get(path.rstrip("/"), MAX_BODY_BYTES)


def _carrier_routers() -> Iterator[APIRouter]:
    """Every module of `dialer.web.voice` that has a router."""
    for module in iter_modules(voice.__path__):
        router = getattr(import_module(f"{voice.__name__}.{module.name}"), "router", None)
        if isinstance(router, APIRouter):
            yield router
