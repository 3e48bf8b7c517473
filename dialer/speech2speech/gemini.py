"""Gemini Live: one WebSocket that hears linear samples, transcribes them, thinks, and speaks at 24 kHz.

Turns are marked by us (`activityStart`, `activityEnd`). The model begins a reply at each end of an activity, asked or
not: what nobody takes is void, and the model is told so.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from picows import WSFrame, WSMsgType, WSTransport

from dialer.audio import mulaw
from dialer.errors import VendorBusy
from dialer.llm import gemini_wire
from dialer.llm.base import Message, ToolCall, ToolSpec, Usage
from dialer.llm.gemini_wire import VENDOR
from dialer.speech import streaming
from dialer.speech.base import Heard
from dialer.speech.streaming import NegotiatedStream
from dialer.speech.streaming import Piece as HeardPiece
from dialer.speech.telephone import Narrowing
from dialer.speech2speech.base import Piece, Written
from dialer.speech2speech.replies import Replies

VOICE: Final = "Kore"
RATE_HZ: Final = 24_000
"""Of what it speaks. It hears any rate that is named, so that the telephone's need not be widened."""
_PATH: Final = "ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent"
_MIME: Final = f"audio/pcm;rate={mulaw.SAMPLE_RATE_HZ}"


class GeminiTalker:
    """A vendor of speech-to-speech."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://generativelanguage.googleapis.com/v1beta`, or a server that speaks the same.
            api_key: the account's key.
            model: a live model, such as `gemini-3.8-live`.
        """
        host, _, version = base_url.rstrip("/").rpartition("/")
        self._url = f"{host.replace('http', 'ws', 1)}/{_PATH.format(version=version)}"
        self._api_key, self._model = api_key, model
        self._tls = streaming.secured(self._url)

    async def open(
        self, *, instructions: str, tools: Sequence[ToolSpec], voice: str, language: str, hints: tuple[str, ...] = ()
    ) -> GeminiTalk:
        """Begin a conversation; it has begun once the vendor has accepted its parameters.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many sessions, or it cannot be reached.
        """
        speech: dict[str, Any] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice or VOICE}}}
        if language != "multi":  # left out, the vendor finds out itself
            speech["languageCode"] = language
        setup = {
            "model": f"models/{self._model}",
            "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": speech},
            "systemInstruction": {"parts": [{"text": instructions}]},
            "tools": gemini_wire.declarations(tools, behavior="BLOCKING"),  # a reply waits for its tools
            "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
            "inputAudioTranscription": {},
            "outputAudioTranscription": {},
        }
        headers = {"x-goog-api-key": self._api_key}
        talk = await streaming.connect(GeminiTalk, self._url, headers, self._tls, VENDOR)
        talk.message(setup=setup)
        await talk.until_accepted()
        return talk


class GeminiTalk(NegotiatedStream):
    """One call's conversation."""

    vendor = VENDOR

    def __init__(self) -> None:
        super().__init__()
        self._replies = Replies()
        self._narrowing = Narrowing(RATE_HZ)
        self._active = False
        self._words = ""
        """Of the person's present activity."""
        self._calls = 0
        self._void: set[str] = set()
        """Tool calls that an interruption took back."""
        self._late: list[Message] = []
        """What came of them, and what is advised. Telling it at once would interrupt the reply that is being made."""
        self._void_reply = False
        """Whether pieces may still come of a reply that we have interrupted."""
        self._before = Usage()
        """What the replies before the last one cost."""
        self._last = Usage()
        """The same of that one, as far as it was told."""

    @property
    def usage(self) -> Usage:
        """What replies have cost so far."""
        return self._before + self._last

    def message(self, **content: Any) -> None:
        """Send a message."""
        self.send(orjson.dumps(content))

    def wrap(self, mulaw_bytes: bytes) -> tuple[WSMsgType, bytes]:
        """Audio goes as linear samples in base64."""
        data = base64.b64encode(mulaw.decode(mulaw_bytes)).decode()
        return WSMsgType.TEXT, orjson.dumps({"realtimeInput": {"audio": {"mimeType": _MIME, "data": data}}})

    def begin(self) -> None:
        """The person begins to speak. That stops the reply that is being made."""
        if not self._active:
            self._active = True
            untaken = self._replies.untaken
            self._replies.drop()
            self.message(realtimeInput={"activityStart": {}})
            if untaken:
                self.cut(0, "")

    def finalize(self) -> None:
        """The person paused: the model transcribes, and begins a reply."""
        if self._active:
            self._active = False
            for message in self._late:
                self.tell(message)
            self._late.clear()
            self._begin()
            self.message(realtimeInput={"activityEnd": {}})

    def tell(self, message: Message) -> None:
        """Something was said of which the model knows nothing. A reply that it has begun without it is void."""
        if self._replies.making or self._replies.untaken:
            self._void_reply = self._replies.making
            self._replies.drop()
            self.cut(0, "")
        role = "model" if message.role == "assistant" else "user"
        turn = {"role": role, "parts": [{"text": message.text}]}
        self.message(clientContent={"turns": [turn], "turnComplete": False})

    def advise(self, note: str) -> None:
        """This is to be heeded in the replies to come. A session keeps its instructions: it is told before a turn."""
        self._late.append(Message("user", f"[{note}]" if note else "[How they were is over.]"))

    async def reply(self) -> AsyncIterator[Piece]:
        """Yield the answer to what was said last.

        Raises:
            VendorBusy, VendorRefused: the model does not answer, or the stream broke.
        """
        if not self._replies.making and not self._replies.untaken:  # nothing was said since its last one
            self._begin()
            self.message(clientContent={"turnComplete": True})
        try:
            async for piece in self._replies.take():
                yield piece
        finally:
            self._replies.drop()

    def used(self, call: ToolCall, result: str) -> None:
        """A tool was used. The model goes on by itself, unless the person has begun to speak meanwhile."""
        if call.id in self._void:
            self._late.append(Message("user", f"[{call.name} returned: {result}]"))
            return
        self._replies.begin()
        self.message(toolResponse={"functionResponses": [gemini_wire.response(call, result)]})

    def cut(self, heard_ms: int, heard: str) -> None:
        """Of the last reply the person heard only so much. There is no way to take words back, only to say so."""
        note = f"they heard only: {heard}" if heard else "they heard nothing of it"
        self.tell(Message("user", f"[Your last reply was cut off; {note}]"))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message came in. Google sends its JSON in binary frames."""
        if frame.msg_type is WSMsgType.BINARY:
            self.take(frame.get_payload_as_bytes())
        else:
            super().on_ws_frame(transport, frame)

    def read(self, message: dict[str, Any]) -> Iterable[HeardPiece]:
        """Translate one message."""
        if "setupComplete" in message and not self.accepted.done():
            self.accepted.set_result(None)
        content: Mapping[str, Any] = message.get("serverContent") or {}
        if text := (content.get("inputTranscription") or {}).get("text"):
            self._words += text
            yield Heard(self._words.strip(), is_final=False)
        speaks = content.get("modelTurn") or content.get("outputTranscription") or content.get("turnComplete")
        if self._words and (speaks or "toolCall" in message):
            words, self._words = self._words.strip(), ""
            yield Heard(words, is_final=True)
        if "usageMetadata" in message:
            self._last = gemini_wire.usage(message["usageMetadata"])
        cancelled = (message.get("toolCallCancellation") or {}).get("ids") or ()
        if self._void_reply:
            self._void_reply = not (content.get("interrupted") or content.get("turnComplete") or cancelled)
        elif self._replies.making and not content.get("interrupted"):  # that is about the reply before
            self._speak(content, message.get("toolCall") or {})
        self._void.update(cancelled)
        if "goAway" in message:
            yield VendorBusy(VENDOR, "the conversation is about to be cut off")

    def over(self) -> None:
        """The stream has ended: no reply will come."""
        super().over()
        self._replies.fail(VendorBusy(VENDOR, "the conversation was cut off"), for_good=True)

    def _begin(self) -> None:
        self._replies.begin()
        self._narrowing = Narrowing(RATE_HZ)
        self._before, self._last = self.usage, Usage()

    def _speak(self, content: Mapping[str, Any], calls: Mapping[str, Any]) -> None:
        for part in (content.get("modelTurn") or {}).get("parts") or ():
            if "inlineData" in part and (audio := self._narrowing.feed(base64.b64decode(part["inlineData"]["data"]))):
                self._replies.add(audio)
        if text := (content.get("outputTranscription") or {}).get("text"):
            self._replies.add(Written(text))
        for call in calls.get("functionCalls") or ():
            self._calls += 1
            self._replies.add(gemini_wire.tool_call({"functionCall": call}, self._calls))
        complete = content.get("generationComplete") or content.get("turnComplete")
        if complete and (rest := self._narrowing.feed(b"", last=True)):
            self._replies.add(rest)
        if calls or complete:
            self._replies.end()
