"""Speech and language vendors on their own wire protocols with fixed delays: Deepgram, ElevenLabs, OpenAI.

A process of its own: `python -m bench.fake_vendors SPEECH_FOLDER`. Prints its two ports once it listens.
"""

from __future__ import annotations

import asyncio
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop
from aiohttp import web
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench import delays, speech
from bench.recognizing import Recognizing, Result
from dialer.audio import mulaw

HOST: Final = "127.0.0.1"


class Recognizer(WSListener):  # type: ignore[misc, unused-ignore]  # a C class
    """One stream of Deepgram's `/v1/listen`."""

    def __init__(self) -> None:
        self._transport: WSTransport | None = None
        self._recognizing = Recognizing(self._started, self._result)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        self._transport = None
        self._recognizing.stop()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Audio, or a word about the stream."""
        if frame.msg_type is WSMsgType.BINARY:
            self._recognizing.hear(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def _started(self, at_s: float) -> None:
        self._send({"type": "SpeechStarted", "channel": [0], "timestamp": at_s})

    def _result(self, result: Result) -> None:
        heard = [{"transcript": result.words, "confidence": 0.98, "words": []}]
        self._send(
            {
                "type": "Results",
                "channel_index": [0, 1],
                "start": result.started_s,
                "duration": round(result.ended_s - result.started_s, 3),
                "is_final": result.final,
                "speech_final": result.final,
                "channel": {"alternatives": heard},
            }
        )

    def _send(self, message: dict[str, Any]) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, orjson.dumps(message))


class Vendors:
    """ElevenLabs' text to speech and OpenAI's chat completions over HTTP."""

    def __init__(self, spoken: dict[str, bytes]) -> None:
        self._spoken = spoken
        self._other = spoken[delays.REPLY[0]]
        """What any other text sounds like."""
        self._tokens = [_event({"delta": {"content": token}}) for token in delays.tokens()]
        self._end = _event({"delta": {}, "finish_reason": "stop"}) + _usage() + b"data: [DONE]\n\n"

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_post("/v1/text-to-speech/{voice}/stream", self._speak)
        app.router.add_post("/v1/text-to-speech/{voice}/stream/with-timestamps", self._speak)
        app.router.add_post("/v1/chat/completions", self._answer)
        return app

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        text = orjson.loads(await request.read())["text"].strip()
        audio = self._spoken.get(text, self._other)
        timed = request.path.endswith("/with-timestamps")
        response = web.StreamResponse(headers={"Content-Type": "application/json" if timed else "audio/basic"})
        await response.prepare(request)
        step = delays.CHUNK_MS * mulaw.BYTES_PER_MS
        for number, at in enumerate(range(0, len(audio), step)):
            due_ms = delays.FIRST_AUDIO_MS + number * delays.CHUNK_MS / delays.SPEED
            await asyncio.sleep(max(began_s + due_ms / 1000 - loop.time(), 0))
            chunk = audio[at : at + step]
            await response.write(_line(chunk, text, at, len(audio)) if timed else chunk)
        await response.write_eof()
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for number, event in enumerate(self._tokens):
            due_ms = delays.FIRST_TOKEN_MS + number * 1000 / delays.TOKENS_PER_S
            await asyncio.sleep(max(began_s + due_ms / 1000 - loop.time(), 0))
            await response.write(event)
        await response.write(self._end)
        await response.write_eof()
        return response


def _line(chunk: bytes, text: str, at: int, total: int) -> bytes:
    """Audio with the times of its characters, all of them equally long."""
    first, last = (len(text) * place // total for place in (at, at + len(chunk)))
    per_character_s = total / 8000 / max(len(text), 1)
    alignment = {
        "characters": list(text[first:last]),
        "character_start_times_seconds": [round(number * per_character_s, 3) for number in range(first, last)],
        "character_end_times_seconds": [round((number + 1) * per_character_s, 3) for number in range(first, last)],
    }
    whole = {"audio_base64": b64encode(chunk).decode(), "alignment": alignment, "normalized_alignment": alignment}
    return orjson.dumps(whole) + b"\n"


def _event(choice: dict[str, Any]) -> bytes:
    whole = {"index": 0, "finish_reason": None, "logprobs": None} | choice
    return _chunk([whole], usage=None)


def _usage() -> bytes:
    return _chunk([], usage={"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420})


def _chunk(choices: list[dict[str, Any]], *, usage: dict[str, int] | None) -> bytes:
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "bench",
        "service_tier": "default",
        "choices": choices,
        "usage": usage,
    }
    return b"data: " + orjson.dumps(body) + b"\n\n"


async def serve(folder: Path) -> None:
    """Listen until killed."""

    def accept(_request: WSUpgradeRequest) -> WSListener:
        return Recognizer()

    sockets = await ws_create_server(accept, HOST, 0, backlog=2048)
    runner = web.AppRunner(Vendors(speech.replies(folder)).app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0, backlog=2048)
    await site.start()
    ports = (sockets.sockets[0].getsockname()[1], runner.addresses[0][1])
    sys.stdout.write(f"{ports[0]} {ports[1]}\n")
    sys.stdout.flush()
    await sockets.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
