"""One log line and one observation a request. Query strings, which may carry tokens, are in neither."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialer import log

_QUIET = ("/health/", "/metrics", "/static/", "/console/live")
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_log = log.get(__name__)


class AccessLog:
    """Outermost, so that what other layers refuse is seen too."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "dialer_http_request_seconds",
            "Time to answer a request.",
            ["method", "route", "status"],
            buckets=_BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then write down what was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            took_s = time.perf_counter() - began_s
            # The route's pattern and not the path: ids would make a series each.
            route = getattr(scope.get("route"), "path", "none")
            self._seconds.labels(scope["method"], route, status).observe(took_s)
            say = _log.debug if scope["path"].startswith(_QUIET) and status < 400 else _log.info
            say("web.request", method=scope["method"], path=scope["path"], status=status, ms=round(took_s * 1000, 1))
