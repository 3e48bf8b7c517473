"""Deepgram's live transcription as the sandbox plays it: the WebSocket at `/v1/listen`, the list of projects."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse

from dialer.sandbox.deepgram_results import BadQuery, ListenOptions, Transcriber
from dialer.sandbox.world import World

RECOGNITION_S = 0.08
"""How long after its audio a message is sent."""
_SLOW_S = 2.0
_IDLE_S = 10.0
"""Without audio or KeepAlive for so long, the stream is closed."""
_DROP_AFTER_BYTES = 8000


def router(world: World, *, recognition_s: float = RECOGNITION_S, idle_s: float = _IDLE_S) -> APIRouter:
    """The vendor's routes. Its faults: deepgram.outage, .limited (refused), .drop (cut after 1 s), .slow (2 s late)."""
    routes = APIRouter()
    streams = count()

    @routes.websocket("/v1/listen")
    async def listen(socket: WebSocket) -> None:
        stream, request_id = next(streams), str(uuid.uuid4())
        refusal = _refusal(world, socket, stream, request_id)
        if isinstance(refusal, JSONResponse):
            await socket.send_denial_response(refusal)
            return
        await socket.accept(headers=[(b"dg-request-id", request_id.encode())])
        delay_s = recognition_s + (_SLOW_S if world.faults.hits("deepgram.slow", stream) else 0)
        drop_after = _DROP_AFTER_BYTES if world.faults.hits("deepgram.drop", stream) else None
        transcriber = Transcriber(world.registry, refusal, request_id)
        await _Stream(socket, transcriber, delay_s, idle_s, drop_after).run()
        world.ledger.note("hearing", key="deepgram", **asdict(transcriber.heard))

    @routes.get("/v1/projects", response_model=None)
    async def projects(request: Request) -> Response:
        request_id = str(uuid.uuid4())
        if not _signed_in(world, request):
            return _error(401, "INVALID_AUTH", "Invalid credentials.", request_id)
        project = {"project_id": str(uuid.uuid5(uuid.NAMESPACE_URL, "sandbox")), "name": "sandbox"}
        return JSONResponse({"projects": [project]}, headers={"dg-request-id": request_id})

    return routes


def _signed_in(world: World, connection: HTTPConnection) -> bool:
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "token" and key in world.options.api_keys


def _refusal(world: World, socket: WebSocket, stream: int, request_id: str) -> JSONResponse | ListenOptions:
    """Why the handshake fails; or else what was asked for."""
    if not _signed_in(world, socket):
        return _error(401, "INVALID_AUTH", "Invalid credentials.", request_id)
    if world.faults.hits("deepgram.outage", stream):
        return _error(503, "SERVICE_UNAVAILABLE", "The service is not available.", request_id)
    if world.faults.hits("deepgram.limited", stream):
        return _error(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later", request_id)
    try:
        return ListenOptions.of(socket.query_params)
    except BadQuery as error:
        return _error(400, "INVALID_QUERY_PARAMETER", str(error), request_id)


def _error(status: int, code: str, message: str, request_id: str) -> JSONResponse:
    body = {"err_code": code, "err_msg": message, "request_id": request_id}
    return JSONResponse(body, status, headers={"dg-request-id": request_id, "dg-error": message})


class _Stream:
    """One connection: reads audio, and sends what there is to say `delay_s` later."""

    def __init__(
        self, socket: WebSocket, transcriber: Transcriber, delay_s: float, idle_s: float, drop_after: int | None
    ) -> None:
        self._socket = socket
        self._transcriber = transcriber
        self._delay_s = delay_s
        self._idle_s = idle_s
        self._drop_after = drop_after
        """Bytes of audio after which the connection is cut; None: never."""
        self._taken = 0
        self._outgoing: asyncio.Queue[tuple[float, dict[str, Any] | None]] = asyncio.Queue()

    async def run(self) -> None:
        """Serve until either side ends it."""
        sender = asyncio.create_task(self._send_late())
        try:
            with suppress(WebSocketDisconnect, RuntimeError):  # Starlette's way to say that the other side has gone
                await self._read(sender)
        finally:
            sender.cancel()

    async def _read(self, sender: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(self._idle_s) as idle:
                await self._read_on(sender, idle)
        except TimeoutError:
            await self._socket.close(1011, "NET-0001: no audio or KeepAlive arrived in time")

    async def _read_on(self, sender: asyncio.Task[None], idle: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = await self._socket.receive()
            idle.reschedule(loop.time() + self._idle_s)
            if message["type"] == "websocket.disconnect":
                return
            audio = message.get("bytes")
            if audio:
                self._plan(self._transcriber.feed(audio))
                self._taken += len(audio)
                if self._drop_after is not None and self._taken >= self._drop_after:
                    await self._socket.close(1011, "NET-0000: internal error")
                    return
            elif not await self._obey(message.get("text") or "{}", sender):
                return

    async def _obey(self, text: str, sender: asyncio.Task[None]) -> bool:
        """Follow a control message; return False after the last."""
        try:
            kind = json.loads(text).get("type")
        except (ValueError, AttributeError):
            kind = None
        if kind == "Finalize":
            self._plan(self._transcriber.finalize())
        elif kind == "CloseStream":
            self._plan([*self._transcriber.close(datetime.now(UTC).isoformat()), None])
            await sender
            await self._socket.close(1000)
            return False
        elif kind != "KeepAlive":
            await self._socket.close(1008, "DATA-0000: this is no message that can be processed")
            return False
        return True

    def _plan(self, messages: Iterable[dict[str, Any] | None]) -> None:
        due = asyncio.get_running_loop().time() + self._delay_s
        for message in messages:
            self._outgoing.put_nowait((due, message))

    async def _send_late(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                due, message = await self._outgoing.get()
                if message is None:
                    return
                await asyncio.sleep(max(due - loop.time(), 0))
                await self._socket.send_text(json.dumps(message))
