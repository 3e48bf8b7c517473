"""ElevenLabs as the sandbox plays it: streaming text to speech, the lists of voices and models, the account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from dialer.audio import mulaw
from dialer.sandbox.voices import SAMPLE_RATE_HZ, vendor_voice
from dialer.sandbox.world import World

FIRST_CHUNK_S = 0.08
"""Until the first chunk of audio; ElevenLabs names 75 ms for its fast models."""
_TIMES_REAL_TIME = 5
_CHUNK_BYTES = 1600
_TEXT_AT_MOST = 40_000
_SLOW_S = 2.0
_VOICE_ID = re.compile(r"[A-Za-z0-9]{20}")
VOICE_NAMES = {
    "21m00Tcm4TlvDq8ikWAM": "Rachel",
    "EXAVITQu4vr4xnSDxMaL": "Sarah",
    "JBFqnCBsd6RMkjVDRZzb": "George",
    "pNInz6obpgDQGcFmaJgB": "Adam",
    "onwK4e9ZLuTAKqWW03F9": "Daniel",
    "XB0fDUnXU5powFXDhCwa": "Charlotte",
}
"""Public voices; any other id of the right form is taken for a voice of the account's own."""
MODELS = {
    "eleven_flash_v2_5": "Eleven Flash v2.5",
    "eleven_turbo_v2_5": "Eleven Turbo v2.5",
    "eleven_multilingual_v2": "Eleven Multilingual v2",
}
_FORMATS = {"ulaw_8000": "audio/basic", "pcm_8000": "audio/pcm"}

ApiKey = Annotated[str, Header(alias="xi-api-key")]


class Speech(BaseModel):
    """The body of a text-to-speech request, as far as it matters here."""

    text: str
    model_id: str = "eleven_multilingual_v2"
    language_code: str | None = None


def router(world: World, *, first_chunk_s: float = FIRST_CHUNK_S) -> APIRouter:
    """The vendor's routes. Its faults: elevenlabs.outage, .busy, .quota (refused), .cut (half the audio), .slow."""
    routes = APIRouter(prefix="/v1")
    requests = count()

    @routes.post("/text-to-speech/{voice}/stream", response_model=None)
    @routes.post("/text-to-speech/{voice}", response_model=None)
    async def speak(voice: str, speech: Speech, output_format: str = "mp3_44100_128", key: ApiKey = "") -> Response:
        request = next(requests)
        refused = _refusal(world, key, request) or _wrong(voice, speech, output_format)
        if refused is not None:
            return refused
        loop = asyncio.get_running_loop()
        begin = loop.time() + first_chunk_s + (_SLOW_S if world.faults.hits("elevenlabs.slow", request) else 0)
        utterance = await world.speak(speech.text, voice=vendor_voice(voice, speech.language_code or "en"))
        audio = utterance.mulaw
        cut_at = len(audio) // 2 if world.faults.hits("elevenlabs.cut", request) else None
        chunks = _paced(audio, begin, cut_at, linear=output_format == "pcm_8000")
        headers = {"request-id": f"sandbox-{request}", "character-cost": str(len(speech.text))}
        return StreamingResponse(chunks, media_type=_FORMATS[output_format], headers=headers)

    @routes.get("/voices", response_model=None)
    async def voices(key: ApiKey = "") -> Response:
        known = [{"voice_id": i, "name": name, "category": "premade"} for i, name in VOICE_NAMES.items()]
        return _refusal(world, key, next(requests)) or JSONResponse({"voices": known})

    @routes.get("/models", response_model=None)
    async def models(key: ApiKey = "") -> Response:
        return _refusal(world, key, next(requests)) or JSONResponse([_model(*model) for model in MODELS.items()])

    @routes.get("/user", response_model=None)
    async def user(key: ApiKey = "") -> Response:
        return _refusal(world, key, next(requests)) or JSONResponse(_account())

    return routes


async def _paced(audio: bytes, begin: float, cut_at: int | None, *, linear: bool) -> AsyncIterator[bytes]:
    """Yield the audio from loop time `begin` on, five times as fast as it plays.

    Raises:
        ConnectionResetError: at `cut_at`, so that the server breaks the reply off.
    """
    loop = asyncio.get_running_loop()
    for at in range(0, len(audio), _CHUNK_BYTES):
        if cut_at is not None and at >= cut_at:
            raise ConnectionResetError("cut by a fault")
        await asyncio.sleep(max(begin + at / SAMPLE_RATE_HZ / _TIMES_REAL_TIME - loop.time(), 0))
        chunk = audio[at : at + _CHUNK_BYTES]
        yield mulaw.decode(chunk) if linear else chunk


def _refusal(world: World, key: str, request: int) -> JSONResponse | None:
    if key not in world.options.api_keys:
        return _error(401, "invalid_api_key", "Invalid API key")
    for fault, status, name, message in (
        ("outage", 503, "service_unavailable", "The service is not available."),
        ("busy", 429, "system_busy", "We are experiencing heavy traffic, please try again."),
        ("quota", 401, "quota_exceeded", "This request exceeds your quota."),
    ):
        if world.faults.hits(f"elevenlabs.{fault}", request):
            return _error(status, name, message)
    return None


def _wrong(voice: str, speech: Speech, output_format: str) -> JSONResponse | None:
    if not _VOICE_ID.fullmatch(voice):
        return _error(404, "voice_not_found", f"A voice with the voice_id {voice} was not found.")
    if output_format not in _FORMATS:
        return _error(400, "invalid_output_format", f"Here only {', '.join(_FORMATS)} are made.")
    if not speech.text.strip():
        return _error(400, "input_text_empty", "Text is empty.")
    if len(speech.text) > _TEXT_AT_MOST:
        return _error(400, "max_character_limit_exceeded", f"The text is longer than {_TEXT_AT_MOST} characters.")
    return None


def _error(status: int, name: str, message: str) -> JSONResponse:
    return JSONResponse({"detail": {"status": name, "message": message}}, status)


def _model(model_id: str, name: str) -> dict[str, Any]:
    return {
        "model_id": model_id,
        "name": name,
        "can_do_text_to_speech": True,
        "can_do_voice_conversion": False,
        "languages": [{"language_id": "en", "name": "English"}, {"language_id": "hi", "name": "Hindi"}],
        "maximum_text_length_per_request": _TEXT_AT_MOST,
    }


def _account() -> dict[str, Any]:
    subscription = {
        "tier": "creator",
        "character_count": 0,
        "character_limit": 1_000_000,
        "can_extend_character_limit": False,
        "status": "active",
    }
    return {"user_id": "sandbox", "subscription": subscription, "is_new_user": False, "xi_api_key": None}
