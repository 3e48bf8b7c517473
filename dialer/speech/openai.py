"""OpenAI's speech: live transcription over the Realtime WebSocket, and `/audio/speech` through its SDK.

The recognizer takes mu-law as it comes from the carrier. It finds the ends of utterances itself (`server_vad`) and then
transcribes each as a whole; what it has so far comes as deltas. The voice makes linear samples at 24 kHz.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

import orjson
from picows import WSMsgType

from dialer.errors import VendorBusy, VendorRefused
from dialer.speech import streaming
from dialer.speech.base import Heard, Timed
from dialer.speech.streaming import NegotiatedStream, Piece
from dialer.speech.telephone import Narrowing

VENDOR: Final = "openai"
CONNECT_S: Final = 2.0
READ_S: Final = 10.0
SILENCE_MS: Final = 300
"""Silence after which the recognizer takes an utterance for over."""
RATE_HZ: Final = 24_000
BYTES_PER_S: Final = 8000
CHUNK_BYTES: Final = 2880
"""60 ms at 24 kHz: what is handed on at a time."""
VOICE: Final = "coral"
"""Spoken with when an agent names no voice of this vendor; all of its voices speak all of its languages."""
_TRANSIENT: Final = frozenset({408, 409, 425, 429})
_REFUSING: Final = frozenset({"invalid_api_key", "insufficient_quota", "model_not_found", "invalid_value"})
_NOTHING_TO_COMMIT: Final = "input_audio_buffer_commit_empty"


class OpenAIRecognizer:
    """A speech-to-text vendor."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.openai.com/v1`, or a server that speaks the same.
            api_key: the account's key.
            model: a live transcription model, such as `gpt-live-transcribe`.
        """
        self._url = base_url.rstrip("/").replace("http", "ws", 1) + "/realtime?intent=transcription"
        self._api_key = api_key
        self._model = model
        self._tls = streaming.secured(self._url)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> OpenAIStream:
        """Open a stream; it is open once the vendor has accepted its parameters.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many streams, or it cannot be reached.
        """
        headers = {"Authorization": f"Bearer {self._api_key}"}
        transcription: dict[str, Any] = {"model": self._model}
        if language != "multi":  # left out, the vendor finds out itself
            transcription["language"] = language.split("-")[0]
        if hints:
            transcription["prompt"] = "Names that may be said: " + ", ".join(hints)
        stream = await streaming.connect(OpenAIStream, self._url, headers, self._tls, VENDOR)
        stream.configure(transcription)
        await stream.until_accepted()
        return stream


class OpenAIStream(NegotiatedStream):
    """One call's stream to OpenAI. Words of an utterance that was committed come a moment later, by its item's id."""

    vendor = VENDOR

    def __init__(self) -> None:
        super().__init__()
        self._words: dict[str, str] = {}
        self._spans: dict[str, list[float]] = {}
        self._fed_bytes = 0
        self._asked_s: deque[float] = deque()
        """Where in the audio we asked for words, and have not been answered yet."""
        self._committed_s: dict[str, float] = {}
        """The same of items whose words we asked for, and will be told."""
        self._pending: set[str] = set()
        """Items whose words are on their way, whoever asked."""

    def configure(self, transcription: Mapping[str, Any]) -> None:
        """Say what is sent, and what is to be done with it."""
        listening = {
            "format": {"type": "audio/pcmu"},
            "transcription": transcription,
            "turn_detection": {"type": "server_vad", "silence_duration_ms": SILENCE_MS},
        }
        session = {"type": "transcription", "audio": {"input": listening}}
        self.send(orjson.dumps({"type": "session.update", "session": session}))

    def wrap(self, mulaw: bytes) -> tuple[WSMsgType, bytes]:
        """Audio goes in base64."""
        audio = base64.b64encode(mulaw)
        self._fed_bytes += len(mulaw)
        return WSMsgType.TEXT, b'{"type":"input_audio_buffer.append","audio":"' + audio + b'"}'

    def finalize(self) -> None:
        """Ask for the final words of what was fed so far, now."""
        self._asked_s.append(self._fed_bytes / BYTES_PER_S)
        self.send(b'{"type":"input_audio_buffer.commit"}')

    def read(self, message: dict[str, Any]) -> Iterable[Piece]:
        """Translate one message."""
        item = str(message.get("item_id") or "")
        match message.get("type"):
            case "session.updated":
                if not self.accepted.done():
                    self.accepted.set_result(None)
            case "input_audio_buffer.speech_started":
                self._spans[item] = [message["audio_start_ms"] / 1000, 0.0]
            case "input_audio_buffer.speech_stopped":
                self._spans.setdefault(item, [0.0, 0.0])[1] = message["audio_end_ms"] / 1000
            case "input_audio_buffer.committed":
                self._pending.add(item)
                if not self._spans.get(item, [0.0, 0.0])[1] and self._asked_s:
                    self._committed_s[item] = self._asked_s.popleft()
            case "conversation.item.input_audio_transcription.delta":
                words = self._words[item] = self._words.get(item, "") + str(message.get("delta") or "")
                if words.strip():
                    yield Heard(words.strip(), is_final=False, started_s=self._spans.get(item, [0.0])[0])
            case "conversation.item.input_audio_transcription.completed":
                self._words.pop(item, None)
                self._pending.discard(item)
                started_s, ended_s = self._spans.pop(item, [0.0, 0.0])
                by_silence = ended_s > 0  # the end of a turn; ended because we asked, it is not known to be one
                if not by_silence:
                    ended_s = self._committed_s.pop(item, 0.0)
                text = str(message["transcript"]).strip()
                yield Heard(text, is_final=True, end_of_turn=by_silence, started_s=started_s, ended_s=ended_s)
            case "conversation.item.input_audio_transcription.failed" | "error":
                self._pending.discard(item)
                yield from self._failed(message.get("error") or {})

    def _failed(self, error: Mapping[str, Any]) -> Iterable[Piece]:
        code = str(error.get("code") or error.get("type") or "error")
        if code == _NOTHING_TO_COMMIT:
            if self._asked_s:
                self._asked_s.popleft()
            if not self._pending:  # else there is something to be told yet
                yield Heard("", is_final=True)
            return
        words = str(error.get("message") or "")
        refused = code in _REFUSING or error.get("type") == "invalid_request_error"
        failure = VendorRefused(VENDOR, code, words) if refused else VendorBusy(VENDOR, f"{code} {words}")
        if not self.accepted.done():
            self.accepted.set_exception(failure)
        yield failure


class OpenAIVoice:
    """A text-to-speech vendor."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.openai.com/v1`, or a server that speaks the same.
            api_key: the account's key.
            model: any speech model.
        """
        import openai

        self._openai = openai
        self._model = model
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=openai.Timeout(READ_S, connect=CONNECT_S),
        )
        self._speech = self._client.audio.speech.with_streaming_response  # imported now: it takes time no call has

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes | Timed]:
        """Yield mu-law audio of any chunk length as it is made. Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: wrong credentials, unknown voice, quota used up.
            VendorBusy: try another voice, or later.
        """
        narrowing = Narrowing(RATE_HZ)
        try:
            async with self._speech.create(
                model=self._model, voice=voice or VOICE, input=text, response_format="pcm"
            ) as answer:
                async for pcm in answer.iter_bytes(CHUNK_BYTES):
                    if audio := narrowing.feed(pcm):
                        yield audio
            if audio := narrowing.feed(b"", last=True):
                yield audio
        except self._openai.OpenAIError as error:
            raise _translate(self._openai, error) from error
        except Exception as error:  # the SDK lets the transport's own errors out while an answer is being read
            if not isinstance(error, self._transport_errors()):
                raise
            raise VendorBusy(VENDOR, repr(error)) from error

    def _transport_errors(self) -> tuple[type[Exception], ...]:
        import httpx
        import httpx2

        return httpx.HTTPError, httpx2.HTTPError

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


def _translate(sdk: Any, error: Any) -> VendorBusy | VendorRefused:
    if not isinstance(error, sdk.APIStatusError):  # connection or timeout
        return VendorBusy(VENDOR, repr(error))
    status, code = error.status_code, str(error.code or error.type or error.status_code)
    if code == "insufficient_quota" or not (status >= 500 or status in _TRANSIENT):
        return VendorRefused(VENDOR, code, error.message)
    return VendorBusy(VENDOR, f"{status} {code}")
