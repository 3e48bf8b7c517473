"""The sandbox as one ASGI application: the carrier, the other vendors and /world on one port."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from dialer.sandbox import (
    carrier_account_api,
    carrier_api,
    carrier_errors,
    carrier_memory,
    smtp_sink,
    world_api,
    world_webhook,
)
from dialer.sandbox.carrier_dialing import Exchange
from dialer.sandbox.carrier_errors import TwilioError
from dialer.sandbox.options import Options
from dialer.sandbox.outages import VENDORS, Mortal, Outages
from dialer.sandbox.sms import Texting
from dialer.sandbox.world import World

__all__ = ["Options", "create_app"]


def create_app(options: Options) -> FastAPI:
    """Make a world and its doors. The world comes to life with the application's lifespan."""
    world = World(options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await world.open()
        mail = await smtp_sink.serve(world, options.host, options.smtp_port) if options.smtp_port else None
        for call in unfinished:
            exchange.resume(call)
        try:
            yield
        finally:
            if mail is not None:
                mail.close()
            await world.close()

    app = FastAPI(title="Dialer sandbox", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.world = world
    app.state.exchange = exchange = Exchange(world)
    app.state.texting = texting = Texting(world, exchange.webhooks)
    unfinished = carrier_memory.recall(world, texting)
    app.add_exception_handler(TwilioError, carrier_errors.answer)
    app.state.outages = outages = Outages()
    app.add_middleware(Droppable)
    app.add_middleware(Mortal, outages=outages)
    for part in (carrier_api, carrier_account_api, world_api, world_webhook):
        app.include_router(part.router)
    for vendor, prefix in VENDORS.items():
        if importlib.util.find_spec(f"dialer.sandbox.{vendor}") is not None:
            app.include_router(importlib.import_module(f"dialer.sandbox.{vendor}").router(world), prefix=prefix)
    for several in ("crm", "calendars"):
        importlib.import_module(f"dialer.sandbox.{several}").mount(app, world)
    return app


class Droppable:
    """Gives each request the means to close its own socket without an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with `dialer.drop` in its scope."""
        if scope["type"] == "http":
            # Only the server's own request cycle, to which `receive` is bound, knows the socket.
            transport = getattr(getattr(receive, "__self__", None), "transport", None)
            scope["dialer.drop"] = transport.abort if transport is not None else lambda: None
        await self._app(scope, receive, send)
