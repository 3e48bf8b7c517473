"""OpenAI's live transcription as the sandbox plays it: the Realtime WebSocket with `intent=transcription`."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from dialer.sandbox.heard import SpeechStarted
from dialer.sandbox.hearing import Ear
from dialer.sandbox.voices import FRAME_BYTES, SAMPLE_RATE_HZ
from dialer.sandbox.world import World

Json = dict[str, Any]

RECOGNITION_S = 0.08
"""How long after its audio a message is sent."""
_DROP_AFTER_BYTES = 8000
_LEAST_COMMIT_BYTES = 800
"""100 ms: less audio is refused when it is committed."""
_DEFAULT_SILENCE_MS = 500


class BadEvent(Exception):
    """An event of the client's that is refused; the text says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Transcriber:
    """Turns one session's audio into its events. Knows neither sockets nor clocks."""

    def __init__(self, world: World) -> None:
        self._ear = Ear(world.registry)
        self._silence_ms = _DEFAULT_SILENCE_MS
        self._items = count(1)
        self._item = ""
        """The utterance that is being heard."""
        self._words: list[str] = []
        self._uncommitted = 0
        self.ready = False

    def obey(self, event: Json) -> list[Json]:
        """Follow an event of the client's.

        Raises:
            BadEvent: it is refused.
        """
        match event.get("type"):
            case "session.update":
                return [self._configure(event.get("session") or {})]
            case "input_audio_buffer.append":
                return self._feed(str(event.get("audio") or ""))
            case "input_audio_buffer.commit":
                return self._commit()
            case "input_audio_buffer.clear":
                return [{"type": "input_audio_buffer.cleared"}]
        raise BadEvent("invalid_value", f"Invalid value: '{event.get('type')}'.")

    def _configure(self, session: Json) -> Json:
        listening = (session.get("audio") or {}).get("input") or {}
        if session.get("type") != "transcription" or not (listening.get("transcription") or {}).get("model"):
            raise BadEvent("invalid_value", "A transcription session names its transcription model.")
        if (listening.get("format") or {}).get("type") != "audio/pcmu":
            raise BadEvent("invalid_value", "Here only audio/pcmu is taken.")
        detection = listening.get("turn_detection") or {}
        self._silence_ms = int(detection.get("silence_duration_ms", _DEFAULT_SILENCE_MS))
        self.ready = True
        return {"type": "session.updated", "session": session}

    def _feed(self, encoded: str) -> list[Json]:
        try:
            audio = b64decode(encoded, validate=True)
        except Base64Error as error:
            raise BadEvent("invalid_value", "The audio is no base64.") from error
        self._uncommitted += len(audio)
        events: list[Json] = []
        for at in range(0, len(audio), FRAME_BYTES):
            for heard in self._ear.feed(audio[at : at + FRAME_BYTES]):
                begun = heard.at_s if isinstance(heard, SpeechStarted) else heard.start_s
                events += self._begin(begun)
                if not isinstance(heard, SpeechStarted):
                    events.append(self._delta(heard.text))
            if self._item and self._words and self._ear.silent_ms >= self._silence_ms:
                stopped_ms = round(self._ear.heard_s * 1000) - self._ear.silent_ms
                stopped = {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": stopped_ms}
                events += [{**stopped, "item_id": self._item}, *self._complete()]
        return events

    def _begin(self, at_s: float) -> list[Json]:
        if self._item:
            return []
        self._item = f"item_{next(self._items)}"
        started = {"type": "input_audio_buffer.speech_started", "audio_start_ms": round(at_s * 1000)}
        return [{**started, "item_id": self._item}]

    def _delta(self, word: str) -> Json:
        text = f" {word}" if self._words else word
        self._words.append(word)
        return self._of_item("conversation.item.input_audio_transcription.delta", delta=text)

    def _commit(self) -> list[Json]:
        if self._uncommitted < _LEAST_COMMIT_BYTES:
            has_ms = self._uncommitted * 1000 / SAMPLE_RATE_HZ
            message = f"Error committing input audio buffer: buffer too small. Expected 100ms, has {has_ms:.2f}ms."
            raise BadEvent("input_audio_buffer_commit_empty", message)
        self._item = self._item or f"item_{next(self._items)}"
        return self._complete()

    def _complete(self) -> list[Json]:
        self._uncommitted = 0
        usage = {"type": "duration", "seconds": round(self._ear.heard_s)}
        completed = self._of_item(
            "conversation.item.input_audio_transcription.completed", transcript=" ".join(self._words), usage=usage
        )
        committed = {"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": self._item}
        self._item = ""
        self._words.clear()
        return [committed, completed]

    def _of_item(self, kind: str, **content: Any) -> Json:
        return {"type": kind, "item_id": self._item, "content_index": 0, **content}


async def listen(world: World, socket: WebSocket, nth: int) -> None:
    """Serve one session until either side ends it. Its fault: openai.stt_drop."""
    await socket.accept()
    outgoing: asyncio.Queue[tuple[float, Json]] = asyncio.Queue()
    sender = asyncio.create_task(_send_late(socket, outgoing))
    drop = world.faults.hits("openai.stt_drop", nth)
    try:
        with suppress(WebSocketDisconnect, RuntimeError):  # Starlette's way to say that the other side has gone
            await _serve(Transcriber(world), socket, outgoing, drop_after=_DROP_AFTER_BYTES if drop else None)
    finally:
        sender.cancel()


async def _serve(
    transcriber: Transcriber, socket: WebSocket, outgoing: asyncio.Queue[tuple[float, Json]], drop_after: int | None
) -> None:
    loop, taken = asyncio.get_running_loop(), 0
    _plan(outgoing, loop.time(), [{"type": "session.created", "session": {"type": "transcription"}}])
    while True:
        text = await socket.receive_text()
        try:
            event = json.loads(text)
            events, wait_s = transcriber.obey(event), RECOGNITION_S if transcriber.ready else 0.0
        except BadEvent as error:
            events, wait_s = [_error(error.code, str(error))], 0.0
        except (ValueError, AttributeError):
            events, wait_s = [_error("invalid_json", "That is no event.")], 0.0
        _plan(outgoing, loop.time() + wait_s, events)
        taken += len(text) * 3 // 4
        if drop_after is not None and taken >= drop_after:
            await socket.close(1011, "keepalive ping timeout")
            return


def _error(code: str, message: str) -> Json:
    return {"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": message}}


def _plan(outgoing: asyncio.Queue[tuple[float, Json]], due: float, events: Iterable[Json]) -> None:
    for event in events:
        outgoing.put_nowait((due, event))


async def _send_late(socket: WebSocket, outgoing: asyncio.Queue[tuple[float, Json]]) -> None:
    loop = asyncio.get_running_loop()
    with suppress(WebSocketDisconnect, RuntimeError):
        for number in count(1):
            due, event = await outgoing.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            await socket.send_text(json.dumps({"event_id": f"event_{number}", **event}))
