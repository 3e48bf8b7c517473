"""Gemini Live as the sandbox plays it: BidiGenerateContent with turns that the client marks."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from dialer.audio import mulaw
from dialer.sandbox import gemini_contents
from dialer.sandbox.live_mind import THINKING_S, LiveMind, Said
from dialer.sandbox.speaking import paced, widened
from dialer.sandbox.voices import SAMPLE_RATE_HZ
from dialer.sandbox.world import World

Json = dict[str, Any]

RATE_HZ = 24_000
_RATE = re.compile(r"audio/pcm;rate=(\d+)")
_INVALID = 1007


class BadMessage(Exception):
    """A message of the client's that ends the session; the text says why."""


class Conversation:
    """One session. Its fault: gemini.talk_cut (the socket, in the midst of a reply)."""

    def __init__(self, world: World, socket: WebSocket, nth: int) -> None:
        self._world = world
        self._socket = socket
        self._cut = world.faults.hits("gemini.talk_cut", nth)
        self._mind: LiveMind | None = None
        self._active = False
        self._speaking: asyncio.Task[None] | None = None
        self._waits_for: set[str] = set()

    async def hold(self) -> None:
        """Serve the session until either side ends it."""
        await self._socket.accept()
        try:
            with suppress(WebSocketDisconnect, RuntimeError):  # Starlette's way to say that the other side has gone
                while True:
                    await self._obey(json.loads(await self._socket.receive_text()))
        except (BadMessage, KeyError, TypeError, ValueError) as error:
            await self._socket.close(_INVALID, str(error)[:100])
        finally:
            if self._speaking is not None:
                self._speaking.cancel()

    async def _obey(self, message: Json) -> None:
        if len(message) != 1:
            raise BadMessage("A message has exactly one of setup, clientContent, realtimeInput, toolResponse.")
        ((kind, content),) = message.items()
        if kind == "setup":
            await self._set_up(content)
        elif self._mind is None:
            raise BadMessage("The first message is the setup.")
        elif kind == "realtimeInput":
            await self._hear(self._mind, content)
        elif kind == "clientContent":
            await self._interrupt()
            for turn in content.get("turns") or ():
                role = "assistant" if turn["role"] == "model" else "user"
                self._mind.tell(role, " ".join(part["text"] for part in turn["parts"]))
            if content.get("turnComplete"):
                self._answer(self._mind)
        elif kind == "toolResponse":
            for response in content["functionResponses"]:
                if response["id"] not in self._waits_for:
                    raise BadMessage("A function response without its function call.")
                self._waits_for.discard(response["id"])
                self._mind.used(response["id"], str(response["response"]["result"]))
            if not self._waits_for:
                self._answer(self._mind)
        else:
            raise BadMessage(f"Unknown name {kind}.")

    async def _set_up(self, setup: Json) -> None:
        config = setup.get("generationConfig") or {}
        if config.get("responseModalities") != ["AUDIO"]:
            raise BadMessage("Here only AUDIO is answered.")
        if not setup["realtimeInputConfig"]["automaticActivityDetection"].get("disabled"):
            raise BadMessage("Here the client marks the turns.")
        voice = config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"]
        instructions = " ".join(part["text"] for part in setup["systemInstruction"]["parts"])
        self._mind = LiveMind(self._world, instructions, gemini_contents.tools(setup.get("tools") or []), voice)
        await self._tell(setupComplete={})

    async def _hear(self, mind: LiveMind, content: Json) -> None:
        if "activityStart" in content:
            await self._interrupt()
            self._active = True
            mind.listen()
        elif "activityEnd" in content:
            if not self._active:
                raise BadMessage("activityEnd without an activityStart.")
            self._active = False
            if text := mind.understand():
                await self._tell(serverContent={"inputTranscription": {"text": text}})
            self._answer(mind)
        elif "audio" in content and self._active:
            rate = _RATE.fullmatch(content["audio"]["mimeType"])
            if rate is None or int(rate.group(1)) != SAMPLE_RATE_HZ:
                raise BadMessage("Here only audio/pcm;rate=8000 is heard.")
            mind.hear(mulaw.encode(b64decode(content["audio"]["data"])))

    def _answer(self, mind: LiveMind) -> None:
        self._speaking = asyncio.create_task(self._speak(mind))

    async def _interrupt(self) -> None:
        if self._speaking is not None and not self._speaking.done():
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
            await self._tell(serverContent={"interrupted": True, "turnComplete": True})
        if self._waits_for and self._mind is not None:
            await self._tell(toolCallCancellation={"ids": sorted(self._waits_for)})
            self._waits_for.clear()
            self._mind.forget_calls()

    async def _speak(self, mind: LiveMind) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time() + THINKING_S
        said = await mind.answer()
        await asyncio.sleep(max(begin - loop.time(), 0))
        if said.utterance is not None and not await self._say(said, begin):
            return
        if said.wish is not None:
            self._waits_for.add(said.call_id)
            call = {"id": said.call_id, "name": said.wish.name, "args": dict(said.wish.arguments)}
            await self._tell(toolCall={"functionCalls": [call]})
            return
        await self._tell(serverContent={"generationComplete": True})
        usage = {"promptTokenCount": said.prompt_tokens, "responseTokenCount": said.tokens}
        await self._tell(serverContent={"turnComplete": True}, usageMetadata=usage)

    async def _say(self, said: Said, begin: float) -> bool:
        """Send the audio; return whether all of it went out. What an interruption leaves unsent is not remembered."""
        assert said.utterance is not None
        audio = await asyncio.to_thread(widened, said.utterance, RATE_HZ, self._world.registry)
        sent = 0
        try:
            async for chunk in paced(audio, begin, bytes_per_s=RATE_HZ * 2, cut=self._cut):
                data = {"mimeType": f"audio/pcm;rate={RATE_HZ}", "data": b64encode(chunk).decode()}
                await self._tell(serverContent={"modelTurn": {"parts": [{"inlineData": data}]}})
                if not sent:
                    await self._tell(serverContent={"outputTranscription": {"text": said.text}})
                sent += len(chunk)
        except ConnectionResetError:
            await self._socket.close(1011)
            return False
        except asyncio.CancelledError:
            said.keep(sent * 1000 // (RATE_HZ * 2))
            raise
        return True

    async def _tell(self, **message: Any) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_bytes(json.dumps(message).encode())
