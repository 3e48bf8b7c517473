"""OpenAI Realtime: one WebSocket that hears mu-law, transcribes it, thinks, and speaks mu-law."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Message, ToolCall, ToolSpec, Usage
from dialer.speech import streaming
from dialer.speech.openai import OpenAIStream
from dialer.speech.streaming import Piece as HeardPiece
from dialer.speech2speech.base import Piece, Written
from dialer.speech2speech.replies import Replies

VENDOR: Final = "openai"
VOICE: Final = "marin"
MOST_ANSWER_TOKENS: Final = 1200
"""About 45 s of speech: audio tokens count, and nobody on a phone listens longer."""
_HARMLESS: Final = frozenset({"response_cancel_not_active", "conversation_already_has_active_response"})
"""Refusals of events that came a moment too late."""
_OVER: Final = frozenset({"completed", "incomplete"})


class OpenAITalker:
    """A vendor of speech-to-speech."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str, transcription_model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.openai.com/v1`, or a server that speaks the same.
            api_key: the account's key.
            model: a realtime model, such as `gpt-realtime`.
            transcription_model: writes down what the person said.
        """
        self._url = f"{base_url.rstrip('/').replace('http', 'ws', 1)}/realtime?model={model}"
        self._api_key = api_key
        self._transcription_model = transcription_model
        self._tls = streaming.secured(self._url)

    async def open(
        self, *, instructions: str, tools: Sequence[ToolSpec], voice: str, language: str, hints: tuple[str, ...] = ()
    ) -> OpenAITalk:
        """Begin a conversation; it has begun once the vendor has accepted its parameters.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many sessions, or it cannot be reached.
        """
        transcription: dict[str, Any] = {"model": self._transcription_model}
        if language != "multi":  # left out, the vendor finds out itself
            transcription["language"] = language.split("-")[0]
        if hints:
            transcription["prompt"] = "Names that may be said: " + ", ".join(hints)
        heard = {"format": {"type": "audio/pcmu"}, "transcription": transcription, "turn_detection": None}
        session = {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": instructions,
            "audio": {"input": heard, "output": {"format": {"type": "audio/pcmu"}, "voice": voice or VOICE}},
            "tools": [_tool(tool) for tool in tools],
            "max_output_tokens": MOST_ANSWER_TOKENS,
        }
        headers = {"Authorization": f"Bearer {self._api_key}"}
        talk = await streaming.connect(OpenAITalk, self._url, headers, self._tls, VENDOR)
        talk.instructions = instructions
        talk.event("session.update", session=session)
        await talk.until_accepted()
        return talk


class OpenAITalk(OpenAIStream):
    """One call's conversation. The person's words come as from the vendor's recognizer, whose events it shares."""

    def __init__(self) -> None:
        super().__init__()
        self.instructions = ""
        """What the conversation began with."""
        self.usage = Usage()
        """What replies have cost so far."""
        self._replies = Replies()
        self._item = ""
        """The item whose audio came last."""
        self._response = ""
        """The reply that is being made; pieces of others came too late."""

    def event(self, kind: str, **content: Any) -> None:
        """Send an event."""
        self.send(orjson.dumps({"type": kind, **content}))

    def begin(self) -> None:
        """The person begins to speak: nothing to do, for replies are made only when asked for."""

    def tell(self, message: Message) -> None:
        """Something was said of which the model knows nothing."""
        kind = "output_text" if message.role == "assistant" else "input_text"
        content = [{"type": kind, "text": message.text}]
        item = {"type": "message", "role": message.role, "content": content}
        self.event("conversation.item.create", item=item)

    def advise(self, note: str) -> None:
        """This is to be heeded in the replies to come: it joins the session's instructions."""
        instructions = f"{self.instructions}\n\n{note}" if note else self.instructions
        self.event("session.update", session={"type": "realtime", "instructions": instructions})

    async def reply(self) -> AsyncIterator[Piece]:
        """Yield the answer to what was said last.

        Raises:
            VendorBusy, VendorRefused: the model does not answer, or the stream broke.
        """
        self._replies.begin()
        self._response = ""
        self.event("response.create")
        try:
            async for piece in self._replies.take():
                yield piece
        finally:
            if self._replies.making:
                self.event("response.cancel")
                self._replies.drop()

    def used(self, call: ToolCall, result: str) -> None:
        """A tool was used."""
        item = {"type": "function_call_output", "call_id": call.id, "output": result}
        self.event("conversation.item.create", item=item)

    def cut(self, heard_ms: int, heard: str) -> None:
        """Of the last reply the person heard only so much."""
        if self._item:
            self.event("conversation.item.truncate", item_id=self._item, content_index=0, audio_end_ms=heard_ms)

    def read(self, message: dict[str, Any]) -> Iterable[HeardPiece]:
        """Translate one message."""
        if message.get("type") == "response.done":  # of whichever reply: one that was cancelled costs, too
            usage = message["response"].get("usage") or {}
            self.usage += Usage(usage.get("input_tokens", 0), usage.get("output_tokens", 0))
        match message.get("type"):
            case "response.created":
                self._response = str(message["response"]["id"])
            case str(kind) if kind.startswith("response.") and self._of(message) != self._response:
                pass
            case "response.output_audio.delta":
                self._item = str(message["item_id"])
                self._replies.add(base64.b64decode(message["delta"]))
            case "response.output_audio_transcript.delta":
                self._replies.add(Written(str(message["delta"])))
            case "response.output_item.done" if message["item"].get("type") == "function_call":
                item = message["item"]
                arguments = orjson.loads(item.get("arguments") or "{}")
                self._replies.add(ToolCall(str(item["call_id"]), str(item["name"]), arguments))
            case "response.done":
                self._finish(message["response"])
            case "error" if (message.get("error") or {}).get("code") in _HARMLESS:
                pass
            case _:
                yield from super().read(message)

    def over(self) -> None:
        """The stream has ended: no reply will come."""
        super().over()
        self._replies.fail(VendorBusy(VENDOR, "the conversation was cut off"), for_good=True)

    @staticmethod
    def _of(message: Mapping[str, Any]) -> str:
        return str(message.get("response_id") or (message.get("response") or {}).get("id"))

    def _finish(self, response: Mapping[str, Any]) -> None:
        status = response.get("status")
        if status == "cancelled":
            return
        if status not in _OVER:
            error = (response.get("status_details") or {}).get("error") or {}
            code, words = str(error.get("code") or status), str(error.get("message") or "")
            refused = code == "insufficient_quota"
            self._replies.fail(VendorRefused(VENDOR, code, words) if refused else VendorBusy(VENDOR, f"{code} {words}"))
            return
        self._replies.end()


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", **function}
