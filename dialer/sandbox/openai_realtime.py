"""OpenAI Realtime as the sandbox plays it: a conversation by voice, in which the client marks the turns."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from contextlib import suppress
from itertools import count
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from dialer.sandbox.live_mind import THINKING_S, LiveMind, Said
from dialer.sandbox.speaking import paced
from dialer.sandbox.voices import SAMPLE_RATE_HZ
from dialer.sandbox.world import World

Json = dict[str, Any]

VOICES = frozenset({"alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"})
RECOGNITION_S = 0.08
_LEAST_COMMIT_BYTES = 800
"""100 ms: less audio is refused when it is committed."""


class BadEvent(Exception):
    """An event of the client's that is refused; the text says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Conversation:
    """One session. Its fault: openai.talk_cut (the socket, in the midst of a reply)."""

    def __init__(self, world: World, socket: WebSocket, nth: int) -> None:
        self._world = world
        self._socket = socket
        self._cut = world.faults.hits("openai.talk_cut", nth)
        self._mind: LiveMind | None = None
        self._numbers = count(1)
        self._uncommitted = 0
        self._said: dict[str, Said] = {}
        self._speaking: asyncio.Task[None] | None = None
        self._response = ""

    async def hold(self) -> None:
        """Serve the session until either side ends it."""
        await self._socket.accept()
        await self._tell("session.created", session={"type": "realtime"})
        try:
            with suppress(WebSocketDisconnect, RuntimeError):  # Starlette's way to say that the other side has gone
                while True:
                    try:
                        await self._obey(json.loads(await self._socket.receive_text()))
                    except BadEvent as error:
                        refusal = {"type": "invalid_request_error", "code": error.code, "message": str(error)}
                        await self._tell("error", error=refusal)
        finally:
            if self._speaking is not None:
                self._speaking.cancel()

    async def _obey(self, event: Json) -> None:
        kind = event.get("type")
        if kind == "session.update":
            await self._configure(event.get("session") or {})
        elif self._mind is None:
            raise BadEvent("invalid_value", "The session has no parameters yet.")
        elif kind == "input_audio_buffer.append":
            audio = b64decode(event["audio"])
            self._uncommitted += len(audio)
            self._mind.hear(audio)
        elif kind == "input_audio_buffer.commit":
            await self._commit(self._mind)
        elif kind == "conversation.item.create":
            self._create(self._mind, event["item"])
        elif kind == "conversation.item.truncate":
            await self._truncate(event)
        elif kind == "response.create":
            self._respond(self._mind)
        elif kind == "response.cancel":
            await self._cancel()
        else:
            raise BadEvent("invalid_value", f"Invalid value: '{kind}'.")

    async def _configure(self, session: Json) -> None:
        if self._mind is not None and "audio" not in session:  # what an update leaves out stays as it is
            self._mind.instruct(str(session.get("instructions") or ""))
            await self._tell("session.updated", session=session)
            return
        audio = session.get("audio") or {}
        heard, spoken = audio.get("input") or {}, audio.get("output") or {}
        if session.get("type") != "realtime" or session.get("output_modalities") != ["audio"]:
            raise BadEvent("invalid_value", "Here only realtime sessions that answer in audio are held.")
        if {(part.get("format") or {}).get("type") for part in (heard, spoken)} != {"audio/pcmu"}:
            raise BadEvent("invalid_value", "Here only audio/pcmu is taken and made.")
        if heard.get("turn_detection", "server_vad") is not None:
            raise BadEvent("invalid_value", "Here the client marks the turns.")
        if spoken.get("voice") not in VOICES:
            raise BadEvent("invalid_value", f"Invalid value: '{spoken.get('voice')}' is no voice.")
        tools = {tool["name"]: tool.get("parameters") or {} for tool in session.get("tools") or ()}
        self._mind = LiveMind(self._world, str(session.get("instructions") or ""), tools, str(spoken["voice"]))
        await self._tell("session.updated", session=session)

    async def _commit(self, mind: LiveMind) -> None:
        if self._uncommitted < _LEAST_COMMIT_BYTES:
            raise BadEvent("input_audio_buffer_commit_empty", "Error committing input audio buffer: buffer too small.")
        self._uncommitted = 0
        item, text = f"item_{next(self._numbers)}", mind.understand()
        await self._tell("input_audio_buffer.committed", item_id=item, previous_item_id=None)
        await asyncio.sleep(RECOGNITION_S)
        of = {"item_id": item, "content_index": 0}
        kind = "conversation.item.input_audio_transcription"
        if text:
            await self._tell(f"{kind}.delta", delta=text, **of)
        await self._tell(f"{kind}.completed", transcript=text, usage={"type": "duration", "seconds": 1}, **of)

    def _create(self, mind: LiveMind, item: Json) -> None:
        match item.get("type"):
            case "message":
                wanted = "output_text" if item["role"] == "assistant" else "input_text"
                if any(part.get("type") != wanted for part in item["content"]):
                    raise BadEvent("invalid_value", f"Invalid value: a message of {item['role']} has {wanted}.")
                mind.tell(item["role"], " ".join(part["text"] for part in item["content"]))
            case "function_call_output":
                mind.used(item["call_id"], item["output"])
            case other:
                raise BadEvent("invalid_value", f"Invalid value: '{other}'.")

    async def _truncate(self, event: Json) -> None:
        said = self._said.get(str(event.get("item_id")))
        if said is None or said.utterance is None:
            raise BadEvent("invalid_value", f"Item '{event.get('item_id')}' has no audio.")
        if event["audio_end_ms"] > said.utterance.seconds * 1000:
            raise BadEvent("invalid_value", "Audio content is already shorter than that.")
        said.keep(event["audio_end_ms"])
        told = {key: event[key] for key in ("item_id", "content_index", "audio_end_ms")}
        await self._tell("conversation.item.truncated", **told)

    def _respond(self, mind: LiveMind) -> None:
        if self._speaking is not None and not self._speaking.done():
            raise BadEvent("conversation_already_has_active_response", "There is a response in progress.")
        self._response = f"resp_{next(self._numbers)}"
        self._speaking = asyncio.create_task(self._speak(mind, self._response))

    async def _cancel(self) -> None:
        if self._speaking is None or self._speaking.done():
            raise BadEvent("response_cancel_not_active", "Cancellation failed: no active response found")
        self._speaking.cancel()
        await asyncio.gather(self._speaking, return_exceptions=True)
        await self._tell("response.done", response={"id": self._response, "status": "cancelled"})

    async def _speak(self, mind: LiveMind, response: str) -> None:
        await self._tell("response.created", response={"id": response, "status": "in_progress"})
        loop = asyncio.get_running_loop()
        begin = loop.time() + THINKING_S
        said = await mind.answer()
        await asyncio.sleep(max(begin - loop.time(), 0))
        item = f"item_{next(self._numbers)}"
        of = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        if said.utterance is not None:
            self._said[item] = said
            await self._tell("response.output_audio_transcript.delta", delta=said.text, **of)
            try:
                async for chunk in paced(said.utterance.mulaw, begin, bytes_per_s=SAMPLE_RATE_HZ, cut=self._cut):
                    await self._tell("response.output_audio.delta", delta=b64encode(chunk).decode(), **of)
            except ConnectionResetError:
                await self._socket.close(1011)
                return
            await self._tell("response.output_audio.done", **of)
        if said.wish is not None:
            call = {"type": "function_call", "call_id": said.call_id, "name": said.wish.name}
            done = {**call, "arguments": said.wish.arguments_json, "status": "completed"}
            await self._tell("response.output_item.done", response_id=response, output_index=1, item=done)
        usage = {"input_tokens": said.prompt_tokens, "output_tokens": said.tokens}
        await self._tell("response.done", response={"id": response, "status": "completed", "usage": usage})

    async def _tell(self, kind: str, **content: Any) -> None:
        event = {"type": kind, "event_id": f"event_{next(self._numbers)}", **content}
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(json.dumps(event))
