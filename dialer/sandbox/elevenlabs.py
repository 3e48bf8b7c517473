"""ElevenLabs as the sandbox plays it: streaming text to speech, the lists of voices and models, the account."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from dialer.audio import mulaw
from dialer.sandbox.speaking import FIRST_CHUNK_S, paced
from dialer.sandbox.voices import SAMPLE_RATE_HZ, Utterance, vendor_voice
from dialer.sandbox.world import World

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

    @routes.post("/text-to-speech/{voice}/stream/with-timestamps", response_model=None)
    @routes.post("/text-to-speech/{voice}/stream", response_model=None)
    @routes.post("/text-to-speech/{voice}", response_model=None)
    async def speak(
        asked: Request, voice: str, speech: Speech, output_format: str = "mp3_44100_128", key: ApiKey = ""
    ) -> Response:
        request = next(requests)
        refused = _refusal(world, key, request) or _wrong(voice, speech, output_format)
        if refused is not None:
            return refused
        loop = asyncio.get_running_loop()
        begin = loop.time() + first_chunk_s + (_SLOW_S if world.faults.hits("elevenlabs.slow", request) else 0)
        utterance = await world.speak(speech.text, voice=vendor_voice(voice, speech.language_code or "en"))
        linear = output_format == "pcm_8000"
        audio = mulaw.decode(utterance.mulaw) if linear else utterance.mulaw
        cut = world.faults.hits("elevenlabs.cut", request)
        chunks = paced(audio, begin, bytes_per_s=SAMPLE_RATE_HZ * (2 if linear else 1), cut=cut)
        headers = {"request-id": f"sandbox-{request}", "character-cost": str(len(speech.text))}
        if asked.url.path.endswith("/with-timestamps"):
            lines = _aligned(chunks, utterance, linear=linear)
            return StreamingResponse(lines, media_type="application/json", headers=headers)
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


async def _aligned(chunks: AsyncIterator[bytes], utterance: Utterance, *, linear: bool) -> AsyncIterator[str]:
    """Yield audio with the times of the characters that it speaks, a JSON object a line, as `with-timestamps` does."""
    characters, sent = _spans(utterance), 0.0
    bytes_per_s = SAMPLE_RATE_HZ * (2 if linear else 1)
    async for chunk in chunks:
        until = sent + len(chunk) / bytes_per_s
        spoken = [span for span in characters if sent <= span[2] < until]
        sent = until
        alignment = {
            "characters": [span[0] for span in spoken],
            "character_start_times_seconds": [span[1] for span in spoken],
            "character_end_times_seconds": [span[2] for span in spoken],
        }
        line = {"audio_base64": b64encode(chunk).decode(), "alignment": alignment, "normalized_alignment": alignment}
        yield json.dumps(line) + "\n"


def _spans(utterance: Utterance) -> list[tuple[str, float, float]]:
    """Each character with when it begins and ends, in seconds; a space lasts until the next word."""
    spans: list[tuple[str, float, float]] = []
    at_s, rest = 0.0, utterance.text
    for word in utterance.words:
        before, _, rest = rest.partition(word.text)
        start_s, end_s = word.start / SAMPLE_RATE_HZ, word.end / SAMPLE_RATE_HZ
        spans += [(character, at_s, start_s) for character in before]
        step_s = (end_s - start_s) / len(word.text)
        spans += [(c, start_s + n * step_s, start_s + (n + 1) * step_s) for n, c in enumerate(word.text)]
        at_s = end_s
    return [*spans, *((character, at_s, at_s) for character in rest)]


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
