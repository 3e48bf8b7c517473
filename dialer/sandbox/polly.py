"""Amazon Polly as the sandbox plays it: `SynthesizeSpeech`, to whoever signs as AWS wants it (Signature Version 4)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from itertools import count
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError

from dialer.audio import mulaw
from dialer.sandbox.speaking import FIRST_CHUNK_S, paced
from dialer.sandbox.voices import SAMPLE_RATE_HZ, vendor_voice
from dialer.sandbox.world import World

VOICES = {
    **dict.fromkeys(("Joanna", "Matthew", "Ruth", "Stephen", "Danielle"), "en-US"),
    "Amy": "en-GB",
    "Kajal": "en-IN",
    "Aditi": "en-IN",
    "Lupe": "es-US",
    "Vicki": "de-DE",
    "Lea": "fr-FR",
}
_FORMATS = {"mulaw": "audio/mulaw", "pcm": "audio/pcm"}
_TEXT_AT_MOST = 3000
_SLOW_S = 2.0
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class Synthesis(BaseModel):
    """The body of a request, as far as it matters here."""

    OutputFormat: str
    Text: str
    VoiceId: str
    SampleRate: str = "8000"
    Engine: str = "standard"
    LanguageCode: str | None = None


def router(world: World) -> APIRouter:
    """The vendor's routes. Its faults: polly.outage, .throttled (refused), .cut (half the audio), .slow."""
    routes = APIRouter()
    requests = count()

    @routes.post("/v1/speech", response_model=None)
    async def speak(request: Request) -> Response:
        nth, loop = next(requests), asyncio.get_running_loop()
        begin = loop.time() + FIRST_CHUNK_S + (_SLOW_S if world.faults.hits("polly.slow", nth) else 0)
        body = await request.body()
        if (refused := _refusal(world, request, body, nth)) is not None:
            return refused
        try:
            wanted = Synthesis.model_validate_json(body)
        except ValidationError as error:
            return _error(400, "ValidationException", str(error.errors()[0]["loc"]))
        if (wrong := _wrong(wanted)) is not None:
            return wrong
        language = wanted.LanguageCode or VOICES[wanted.VoiceId]
        utterance = await world.speak(wanted.Text, voice=vendor_voice(wanted.VoiceId, language))
        linear = wanted.OutputFormat == "pcm"
        audio = mulaw.decode(utterance.mulaw) if linear else utterance.mulaw
        cut = world.faults.hits("polly.cut", nth)
        chunks = paced(audio, begin, bytes_per_s=SAMPLE_RATE_HZ * (2 if linear else 1), cut=cut)
        headers = {"x-amzn-RequestCharacters": str(len(wanted.Text)), "x-amzn-RequestId": f"sandbox-{nth}"}
        return StreamingResponse(chunks, media_type=_FORMATS[wanted.OutputFormat], headers=headers)

    return routes


def signature(request: Request, body: bytes, scope: str, names: list[str], secret: str) -> str:
    """What Signature Version 4 makes of a request.

    Source: AWS, "Create a signed AWS API request".
    """
    query = "&".join(sorted(f"{quote(k, '-_.~')}={quote(v, '-_.~')}" for k, v in request.query_params.multi_items()))
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    payload = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([request.method, quote(request.url.path), query, headers, ";".join(names), payload])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers.get("x-amz-date", ""), scope, digest])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _refusal(world: World, request: Request, body: bytes, nth: int) -> JSONResponse | None:
    signed = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if signed is None:
        return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    if signed["key"] not in world.options.api_keys:
        return _error(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    expected = signature(request, body, signed["scope"], signed["headers"].split(";"), signed["key"])
    if not hmac.compare_digest(expected, signed["signature"]):
        return _error(403, "InvalidSignatureException", "The request signature we calculated does not match.")
    if world.faults.hits("polly.outage", nth):
        return _error(500, "ServiceFailureException", "An unknown condition has caused a service failure.")
    if world.faults.hits("polly.throttled", nth):
        return _error(400, "ThrottlingException", "Rate exceeded")
    return None


def _wrong(wanted: Synthesis) -> JSONResponse | None:
    if wanted.VoiceId not in VOICES:
        return _error(400, "ValidationException", f"{wanted.VoiceId} is no voice.")
    if wanted.OutputFormat not in _FORMATS:
        return _error(400, "ValidationException", f"Here only {', '.join(_FORMATS)} are made.")
    if wanted.SampleRate != "8000":
        return _error(400, "InvalidSampleRateException", "Here only 8000 Hz are made.")
    if len(wanted.Text) > _TEXT_AT_MOST:
        return _error(400, "TextLengthExceededException", "Maximum text length has been exceeded")
    return None


def _error(status: int, name: str, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status, headers={"x-amzn-ErrorType": name})
