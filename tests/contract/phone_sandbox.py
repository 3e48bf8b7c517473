"""A sandbox on a free port, and an application that it calls: webhooks and media sockets over the real wire."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from starlette.types import ASGIApp
from starlette.websockets import WebSocketState
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from dialer.sandbox.app import Options, create_app
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.world import World

OURS = "+12125550100"
ATTEMPT = "0b7e7f60-0000-4000-8000-00000000000"
ALL_EVENTS = ["initiated", "ringing", "answered", "completed"]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], limit_s: float = 15.0) -> Any:
    """Wait for something to become true, and return it."""
    ends = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)
    return value


@contextmanager
def served(app: ASGIApp, port: int) -> Iterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@dataclass
class Hit:
    """One request of the carrier."""

    path: str
    form: dict[str, str]
    signed: bool
    token: str


Conversation = Callable[["Media"], Awaitable[None]]


class Media:
    """The application's end of a media stream."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []
        self.sid = ""

    async def next(self, event: str = "") -> dict[str, Any]:
        """The next message, or the next of one kind."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.receive_text())
            self.seen.append(message)
            if message["event"] == "start":
                self.sid = message["streamSid"]
            if event in ("", message["event"]):
                return message

    async def send(self, event: str, **content: Any) -> None:
        await self.socket.send_text(json.dumps({"event": event, "streamSid": self.sid, **content}))

    async def play(self, mulaw: bytes, mark: str) -> None:
        await self.send("media", media={"payload": base64.b64encode(mulaw).decode()})
        await self.send("mark", mark={"name": mark})


@dataclass
class Application:
    """What the product is to the carrier: it answers webhooks as `answers` says, by the path's second word."""

    url: str
    ws_url: str
    token: str
    hits: list[Hit] = field(default_factory=list)
    answers: dict[str, str | int] = field(default_factory=dict)
    converse: Conversation | None = None
    medias: list[Media] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/{path:path}")
        async def webhook(request: Request, path: str) -> Response:
            form = {name: str(value) for name, value in (await request.form()).items()}
            url = self.url + request.url.path + (f"?{request.url.query}" if request.url.query else "")
            signed = RequestValidator(self.token).validate(url, form, request.headers.get("X-Twilio-Signature", ""))
            self.hits.append(Hit("/" + path, form, signed, request.headers.get("I-Twilio-Idempotency-Token", "")))
            answer = self.answers.get(path.split("/")[1], "<Response/>")
            if isinstance(answer, int):
                return Response(status_code=answer)
            return Response(answer, media_type="text/xml")

        @app.websocket("/media/{name}")
        async def media(websocket: WebSocket) -> None:
            await websocket.accept()
            talk = Media(websocket)
            self.medias.append(talk)
            try:
                if self.converse is not None:
                    await self.converse(talk)
                while websocket.application_state is WebSocketState.CONNECTED:
                    await talk.next()
            except WebSocketDisconnect:
                pass

        return app

    def at(self, what: str) -> list[Hit]:
        """The requests to /voice/<what>/…"""
        return [hit for hit in list(self.hits) if hit.path.startswith(f"/voice/{what}")]

    def connect(self, action: str = "") -> str:
        attribute = f' action="{action}"' if action else ""
        stream = f'<Stream url="{self.ws_url}/media/one"><Parameter name="call" value="42"/></Stream>'
        return f"<Response><Connect{attribute}>{stream}</Connect></Response>"


@dataclass
class Phone:
    """A running sandbox, its application, and the SDK's client."""

    world: World
    url: str
    application: Application
    client: Client

    def call(self, to: str, attempt: int = 1, **more: Any) -> Any:
        """Place a call through the SDK, with every URL bearing our own id of the attempt."""
        base, name = self.application.url, f"{ATTEMPT}{attempt}"
        form: dict[str, Any] = {
            "url": f"{base}/voice/answer/{name}#rc=3&rp=5xx,ct,rt",
            "fallback_url": f"{base}/voice/fallback/{name}",
            "status_callback": f"{base}/voice/status/{name}",
            "status_callback_event": ALL_EVENTS,
            "timeout": 10,
        }
        return self.client.calls.create(to=to, from_=OURS, **{**form, **more})

    def pin(self, number: str, kind: str) -> None:
        httpx.put(f"{self.url}/world/people/{number}", json={"kind": kind}, trust_env=False).raise_for_status()

    def faults(self, **plan: Any) -> None:
        httpx.put(f"{self.url}/world/faults", json=plan, trust_env=False).raise_for_status()

    def ledger(self, kind: str = "") -> list[dict[str, Any]]:
        params = {"kind": kind} if kind else {}
        lines: list[dict[str, Any]] = httpx.get(f"{self.url}/world/ledger", params=params, trust_env=False).json()
        return lines

    def over(self, sid: str) -> Any:
        """Wait for the end of a call, and show it."""
        return until(lambda: (call := self.client.calls(sid).fetch()).end_time and call)

    def reset(self) -> None:
        self.world.faults.plan = FaultPlan()
        self.application.hits.clear()
        self.application.medias.clear()
        self.application.answers.clear()
        self.application.converse = None


@contextmanager
def phone(home: Path, **more: Any) -> Iterator[Phone]:
    """Serve a world and its application, each on a port of its own."""
    port, app_port = unused_port(), unused_port()
    base = f"http://127.0.0.1:{app_port}"
    options = replace(
        Options(data_dir=home, port=port, public_url=f"http://127.0.0.1:{port}", pace=20.0, cps=200.0),
        voice_url=f"{base}/voice/inbound",
        sms_url=f"{base}/sms/inbound",
    )
    options = replace(options, **more)
    application = Application(base, f"ws://127.0.0.1:{app_port}", options.auth_token)
    sandbox = create_app(options)
    with served(application.app(), app_port), served(sandbox, port):
        http_client = TwilioHttpClient(timeout=10)
        client = Client(options.account_sid, options.auth_token, http_client=http_client)
        client.api.base_url = f"{options.public_url}/twilio"
        yield Phone(sandbox.state.world, options.public_url, application, client)
        if http_client.session is not None:
            http_client.session.close()


async def pause(seconds: float) -> None:
    """Let the carrier do something meanwhile."""
    await asyncio.sleep(seconds)
