"""The limit: the least Python that holds the same conversation, in callbacks, without Celery, database or recording.

`python -m bench.limit_bot SPEECH_FOLDER PORT`. Its vendors are timers in this process with the same delays. A turn
begins and ends where the fake recognizer says so: there is no voice detection.
"""

from __future__ import annotations

import asyncio
import binascii
import gc
import sys
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench import delays, speech
from dialer.audio import mulaw

LEAD_S: Final = 0.1
_FRAME_S: Final = mulaw.FRAME_MS / 1000


class Bot(WSListener):  # type: ignore[misc, unused-ignore]  # a C class
    """One call."""

    def __init__(self, house: House) -> None:
        self._house, self._loop = house, asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._head = b""
        self._stream_id = ""
        self._spoken_frames = 0
        self._last_speech_s = 0.0
        self._final: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._queue: list[tuple[bytes, float]] = []
        self._plays_until_s = 0.0
        self._playing = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        self._transport = None
        self._be_quiet()
        if self._final is not None:
            self._final.cancel()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message of the carrier's."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
            return
        message = frame.get_payload_as_bytes()
        at = message.find(b'"payload":"')
        if at < 0:
            self._told(orjson.loads(message))
            return
        self._hear(binascii.a2b_base64(message[at + 11 : message.index(b'"', at + 11)]))

    def _told(self, message: dict[str, Any]) -> None:
        if message["event"] == "start":
            self._stream_id = message["streamSid"]
            self._head = f'{{"event":"media","streamSid":"{self._stream_id}","media":{{"payload":"'.encode()
        elif message["event"] == "mark":
            self._playing = bool(self._queue)

    def _hear(self, frame: bytes) -> None:
        if frame != mulaw.SILENT_FRAME:
            self._last_speech_s = self._loop.time()
            self._spoken_frames += 1
            if self._final is not None:
                self._final.cancel()
                self._final = None
            if self._spoken_frames * mulaw.FRAME_MS == delays.STARTED_MS:
                self._interrupted()
        elif self._spoken_frames and self._final is None:
            self._final = self._loop.call_at(self._last_speech_s + delays.STT_FINAL_MS / 1000, self._finished)

    def _interrupted(self) -> None:
        if (self._playing or self._timers) and self._transport is not None:
            self._be_quiet()
            self._send(f'{{"event":"clear","streamSid":"{self._stream_id}"}}'.encode())

    def _finished(self) -> None:
        self._final, self._spoken_frames = None, 0
        self._be_quiet()
        asked_s = self._loop.time() + delays.FIRST_TOKEN_MS / 1000
        self._timers = [
            self._loop.call_at(asked_s + number / delays.TOKENS_PER_S, self._token, word)
            for number, word in enumerate(delays.tokens())
        ]

    def _token(self, word: str) -> None:
        if word[-1] not in ".?!":
            return
        sentence = next(text for text in delays.REPLY if text.endswith(word.strip()))
        begins_s = self._loop.time() + delays.FIRST_AUDIO_MS / 1000
        for number, chunk in enumerate(self._house.chunks[sentence]):
            at_s = begins_s + number * delays.CHUNK_MS / delays.SPEED / 1000
            self._timers.append(self._loop.call_at(at_s, self._audio, chunk))

    def _audio(self, chunk: tuple[bytes, float]) -> None:
        if not self._queue:
            self._plays_until_s = max(self._plays_until_s, self._loop.time())
        self._queue.append(chunk)
        self._playing = True
        self._house.speaking[self] = None
        self.pump(self._loop.time())

    def pump(self, now: float) -> None:
        """Send what is due."""
        while self._queue and self._plays_until_s < now + LEAD_S:
            payload, seconds = self._queue.pop(0)
            self._send(self._head + payload + b'"}}')
            self._plays_until_s += seconds
        if not self._queue:
            self._house.speaking.pop(self, None)
            self._send(f'{{"event":"mark","streamSid":"{self._stream_id}","mark":{{"name":"1"}}}}'.encode())

    def _be_quiet(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers, self._queue, self._playing, self._plays_until_s = [], [], False, 0.0
        self._house.speaking.pop(self, None)

    def _send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, message)


class House:
    """What the calls share: the replies as a voice makes them, in base64 and with their seconds; and one timer."""

    def __init__(self, folder: Path) -> None:
        step = delays.CHUNK_MS * mulaw.BYTES_PER_MS
        self.speaking: dict[Bot, None] = {}
        self.chunks: dict[str, list[tuple[bytes, float]]] = {}
        for text, audio in speech.replies(folder).items():
            pieces = [audio[at : at + step] for at in range(0, len(audio), step)]
            self.chunks[text] = [
                (binascii.b2a_base64(piece, newline=False), len(piece) / mulaw.SAMPLE_RATE_HZ) for piece in pieces
            ]

    async def tick(self) -> None:
        """Pace everybody who speaks."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += _FRAME_S
            await asyncio.sleep(max(due - loop.time(), 0))
            now = loop.time()
            for bot in tuple(self.speaking):
                bot.pump(now)


async def serve(folder: Path, port: int) -> None:
    """Listen until killed."""
    house = House(folder)

    def accept(_request: WSUpgradeRequest) -> WSListener:
        return Bot(house)

    server = await ws_create_server(accept, "127.0.0.1", port, backlog=2048)
    ticking = asyncio.create_task(house.tick())
    gc.collect()
    gc.freeze()
    try:
        await server.serve_forever()
    finally:
        ticking.cancel()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
