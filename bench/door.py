"""The carrier's front of a running Dialer: a WebSocket URL for load generators that know nothing of webhooks.

Whoever connects to `ws://127.0.0.1:<port>/<anything>` is a person who calls our number: the door sends the carrier's
signed webhook `/voice/inbound`, reads the stream's URL out of the markup that comes back, and answers the handshake
with a redirect to it. From then on the caller and the call worker are alone with each other.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import sys
from dataclasses import asdict, dataclass
from typing import Final

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

HOST: Final = "127.0.0.1"
ANSWER_S: Final = 15.0
_STREAM: Final = re.compile(r'<Stream[^>]* url="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Front:
    """How Dialer is reached, and how the carrier proves who it is."""

    public_url: str
    auth_token: str
    number: str

    def as_json(self) -> str:
        """The argument of the command."""
        return json.dumps(asdict(self))


class Door:
    """Answers handshakes."""

    def __init__(self, front: Front) -> None:
        self._url = f"{front.public_url}/voice/inbound"
        self._signer = RequestValidator(front.auth_token)
        self._number = front.number
        self._callers = 0
        self._http: aiohttp.ClientSession | None = None

    async def answer(self, _request: web.Request) -> web.Response:
        """Redirect one caller to their stream."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S))
        self._callers += 1
        form = {
            "CallSid": "CA" + secrets.token_hex(16),
            "From": f"+1212{5_550_000 + self._callers}",
            "To": self._number,
        }
        signature = self._signer.compute_signature(self._url, form)
        async with self._http.post(self._url, data=form, headers={"X-Twilio-Signature": signature}) as answered:
            markup = await answered.text()
        found = _STREAM.search(markup)
        if found is None:
            return web.Response(status=503, text=markup)
        return web.Response(status=307, headers={"Location": found[1].replace("&amp;", "&")})


async def serve(front: Front) -> None:
    """Listen until killed; say on which port."""
    app = web.Application()
    app.router.add_get("/{path:.*}", Door(front).answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0, backlog=2048)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Front(**json.loads(sys.argv[1]))))
