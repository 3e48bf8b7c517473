"""Deepgram's live transcription over its WebSocket `/v1/listen`. mu-law goes through as it came from the carrier.

A turn is over at `speech_final` or `UtteranceEnd`, whichever comes first; `Finalize` asks for the words so far.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from picows import WSMsgType

from dialer.errors import VendorBusy
from dialer.speech import streaming
from dialer.speech.base import Heard
from dialer.speech.streaming import Piece, SocketStream

VENDOR: Final = "deepgram"
KEEP_ALIVE_S: Final = 4.0
"""Without audio or KeepAlive for 10 s Deepgram closes the stream."""
ENDPOINTING_MS: Final = 300
UTTERANCE_END_MS: Final = 1000

_REGIONS: Final = frozenset({"en-US", "en-GB", "en-IN", "en-AU", "en-NZ", "es-419", "fr-CA", "pt-BR", "pt-PT", "de-CH"})


class Deepgram:
    """A speech-to-text vendor."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.deepgram.com`, or a server that speaks the same; a path in it is kept.
            api_key: the account's key.
            model: such as `nova-3`.
        """
        self._url = base_url.rstrip("/").replace("http", "ws", 1) + "/v1/listen"
        self._api_key = api_key
        self._model = model
        self._tls = streaming.secured(self._url)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> DeepgramStream:
        """Open a stream.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many streams, or it cannot be reached.
        """
        query = [
            ("model", self._model),
            ("language", _language(language)),
            ("encoding", "mulaw"),
            ("sample_rate", "8000"),
            ("channels", "1"),
            ("interim_results", "true"),
            ("endpointing", str(ENDPOINTING_MS)),
            ("utterance_end_ms", str(UTTERANCE_END_MS)),
            ("vad_events", "true"),
            ("smart_format", "true"),
            *(("keyterm", hint) for hint in hints if self._model.startswith("nova-3")),
        ]
        headers = {"Authorization": f"Token {self._api_key}"}
        return await streaming.connect(DeepgramStream, f"{self._url}?{urlencode(query)}", headers, self._tls, VENDOR)


class DeepgramStream(SocketStream):
    """One call's stream to Deepgram."""

    vendor = VENDOR

    def __init__(self) -> None:
        super().__init__()
        self._keep_alive: asyncio.TimerHandle | None = None
        self._fed_s = 0.0

    def wrap(self, mulaw: bytes) -> tuple[WSMsgType, bytes]:
        """Audio goes as it is."""
        self._fed_s = asyncio.get_running_loop().time()
        return WSMsgType.BINARY, mulaw

    def finalize(self) -> None:
        """Ask for the final words of what was fed so far, now."""
        self.send(b'{"type":"Finalize"}')

    def parting(self) -> bytes:
        """Say that no more audio comes."""
        return b'{"type":"CloseStream"}'

    def connected(self) -> None:
        """Keep the stream open through silence that is not sent."""
        self._stay_alive()

    def over(self) -> None:
        """Keep it open no longer."""
        if self._keep_alive is not None:
            self._keep_alive.cancel()

    def read(self, message: dict[str, Any]) -> Iterable[Piece]:
        """Translate one message."""
        piece = read(message)
        return () if piece is None else (piece,)

    def _stay_alive(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._fed_s >= KEEP_ALIVE_S:
            self.send(b'{"type":"KeepAlive"}')
        self._keep_alive = loop.call_later(KEEP_ALIVE_S, self._stay_alive)


def _language(tag: str) -> str:
    """A tag as Deepgram takes it: with its region only where the vendor tells regions apart."""
    return tag if tag in _REGIONS else tag.split("-")[0]


def read(message: dict[str, Any]) -> Heard | VendorBusy | None:
    """Translate one message; None for those that say nothing to us."""
    match message.get("type"):
        case "Results":
            best = message["channel"]["alternatives"][0]
            text = best["transcript"].strip()
            is_final = bool(message["is_final"])
            end_of_turn = bool(message.get("speech_final"))
            if not text and not end_of_turn:
                return None
            start = float(message["start"])
            confidence = float(best.get("confidence", 0.0))
            most = next(iter(best.get("languages") or ()), "")
            return Heard(text, is_final, end_of_turn, confidence, start, start + float(message["duration"]), most)
        case "UtteranceEnd":
            return Heard("", is_final=True, end_of_turn=True, ended_s=float(message.get("last_word_end", 0.0)))
        case "Error":
            return VendorBusy(VENDOR, str(message.get("description") or message.get("message") or "error"))
        case _:
            return None
