"""Vendors that die in the middle of their work, and stay dead until they are brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

VENDORS: Final[Mapping[str, str]] = {
    "deepgram": "/deepgram",
    "openai": "/openai/v1",
    "elevenlabs": "/elevenlabs",
    "polly": "/polly",
    "gemini": "/gemini",
}
"""The vendors of speech and language, and where each is found."""
Condition = Literal["well", "dead", "mute"]
"""`dead`: its sockets are cut, and whoever connects is cut off at once. `mute`: its sockets stay open, it takes what is
sent, and never says a word, as behind a connection of which only our half is left."""


@dataclass(slots=True)
class Health:
    """How one vendor is."""

    condition: Condition = "well"
    cut: int = 0
    """Sockets that were in use when it died or fell silent."""
    refused: int = 0
    """Requests and streams since then that came to nothing."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: dict[int, Callable[[], None]] = field(default_factory=dict)
    """How each socket in use is aborted."""


class Outages:
    """The health of every vendor that can die. Used on the sandbox's loop only."""

    def __init__(self) -> None:
        self._prefixes = {f"{prefix}/": name for name, prefix in VENDORS.items()}
        self.health = {name: Health() for name in VENDORS}

    def put(self, name: str, condition: Condition) -> Health:
        """Make a vendor so.

        Raises:
            KeyError: there is no such vendor.
        """
        health = self.health[name]
        if condition == health.condition:
            return health
        was, health.condition = health.condition, condition
        if was == "well":
            health.cut, health.refused = len(health.sockets), 0
        if condition != "mute":  # dead, or back: whoever still waits for a word waits for one that is lost
            for abort in tuple(health.sockets.values()):
                abort()
        changed, health.changed = health.changed, asyncio.Event()
        changed.set()
        return health

    def of(self, path: str) -> Health | None:
        """The health of the vendor that is reached by a path, if it is one's."""
        return next((self.health[name] for prefix, name in self._prefixes.items() if path.startswith(prefix)), None)


class Mortal:
    """Lets requests through to vendors that are well."""

    def __init__(self, app: ASGIApp, outages: Outages) -> None:
        self._app, self._outages = app, outages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or a stream, for as long as its vendor lives."""
        health = self._outages.of(scope["path"]) if scope["type"] in ("http", "websocket") else None
        if health is None:
            await self._app(scope, receive, send)
            return
        abort = _abort(receive)
        if health.condition != "well":
            health.refused += 1
        if health.condition == "dead":
            abort()
            while not (await receive())["type"].endswith(".disconnect"):
                pass
            return
        health.sockets[id(scope)] = abort
        try:
            await self._app(scope, receive, _Mouth(health, send))
        finally:
            del health.sockets[id(scope)]


class _Mouth:
    """What a vendor says on one socket: nothing any more once it is mute."""

    def __init__(self, health: Health, send: Send) -> None:
        self._health, self._send = health, send

    async def __call__(self, message: Message) -> None:
        while self._health.condition == "mute":
            await self._health.changed.wait()
        await self._send(message)


def _abort(receive: Callable[[], Awaitable[Any]]) -> Callable[[], None]:
    """How the socket behind a request is aborted: only the server's protocol, to which `receive` is bound, knows it."""

    def abort() -> None:
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    return abort
