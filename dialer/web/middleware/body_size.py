"""Refuse bodies that are larger than their path takes, before and while they arrive."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialer.web import problems

Limit = Callable[[str], int]


class _TooLarge(Exception):
    pass


class BodySize:
    """Counts what really comes, as `Content-Length` may be absent or wrong."""

    def __init__(self, app: ASGIApp, limit: Limit) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 as soon as the limit is passed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            await self._refuse(scope, receive, send, limit)
            return
        taken, answering, over = 0, False, False

        async def counted() -> Message:
            nonlocal taken, over
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                over = True
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal answering
            # The framework turns an error while reading into an answer of its own; ours says more.
            if not over or answering:
                answering = True
                await send(message)

        with suppress(_TooLarge):
            await self._app(scope, counted, watched)
        if over and not answering:
            await self._refuse(scope, receive, send, limit)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        detail = f"The body is larger than the {limit:,} bytes that are taken here."
        response = problems.respond(
            Request(scope), problems.document(413, "too-large", detail), {"Connection": "close"}
        )
        await response(scope, receive, send)
