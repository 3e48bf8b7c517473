"""OpenAI's `/audio/speech` as the sandbox plays it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError

from dialer.sandbox.speaking import FIRST_CHUNK_S, paced, widened
from dialer.sandbox.voices import vendor_voice
from dialer.sandbox.world import World

RATE_HZ = 24_000
VOICES = frozenset(
    {
        *("alloy", "ash", "ballad", "coral", "echo", "fable", "nova"),
        *("onyx", "sage", "shimmer", "verse", "marin", "cedar"),
    }
)
_TEXT_AT_MOST = 4096
_SLOW_S = 2.0


class Speech(BaseModel):
    """The body of a speech request, as far as it matters here."""

    model: str
    input: str
    voice: str | dict[str, Any]
    response_format: str = "mp3"


async def speak(world: World, body: bytes, nth: int) -> Response:
    """Answer a request. Its faults: openai.tts_cut (half the audio), openai.tts_slow."""
    loop = asyncio.get_running_loop()
    begin = loop.time() + FIRST_CHUNK_S + (_SLOW_S if world.faults.hits("openai.tts_slow", nth) else 0)
    try:
        wanted = Speech.model_validate_json(body)
    except ValidationError as error:
        return _wrong(f"{error.errors()[0]['msg']}: {'.'.join(map(str, error.errors()[0]['loc']))}")
    if isinstance(wanted.voice, str) and wanted.voice not in VOICES:
        return _wrong(f"Input should be one of {', '.join(sorted(VOICES))}.")
    if not 0 < len(wanted.input) <= _TEXT_AT_MOST:
        return _wrong(f"The input must have 1 to {_TEXT_AT_MOST} characters.")
    if wanted.response_format != "pcm":
        return _wrong("Here only response_format pcm is made.")
    language = "hi" if any("\u0900" <= letter <= "\u097f" for letter in wanted.input) else "en"
    utterance = await world.speak(wanted.input, voice=vendor_voice(str(wanted.voice), language))
    audio = await asyncio.to_thread(widened, utterance, RATE_HZ, world.registry)
    cut = world.faults.hits("openai.tts_cut", nth)
    return StreamingResponse(paced(audio, begin, bytes_per_s=RATE_HZ * 2, cut=cut), media_type="audio/pcm")


def _wrong(message: str) -> JSONResponse:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": "invalid_value"}}
    return JSONResponse(body, 400)
