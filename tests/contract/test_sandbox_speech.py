"""The sandbox's speech vendors keep the promises of the real ones, over real sockets and through the real SDKs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from openapi_schema_validator import OAS31Validator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.heard import WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices, silence
from tests.sandbox_vendors import KEY, Sandbox, vendors

QUERY = "model=nova-3&encoding=mulaw&sample_rate=8000&channels=1"
LIVE = f"{QUERY}&interim_results=true&endpointing=300&utterance_end_ms=1000&vad_events=true&smart_format=true"
SPECS = Path(os.environ.get("DIALER_SPECS", Path(__file__).parents[2].parent / "shared" / "specs"))
RACHEL = "21m00Tcm4TlvDq8ikWAM"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.world.faults.plan = FaultPlan()


def listening(sandbox: Sandbox, query: str = LIVE, key: str = KEY) -> connect:
    headers = {"Authorization": f"Token {key}"}
    return connect(f"{sandbox.ws}/deepgram/v1/listen?{query}", additional_headers=headers, open_timeout=5)


async def send(ws: ClientConnection, audio: bytes) -> None:
    for at in range(0, len(audio), 320):
        await ws.send(audio[at : at + 320])


async def transcribe(sandbox: Sandbox, audio: bytes, query: str = LIVE) -> list[dict[str, Any]]:
    async with listening(sandbox, query) as ws:
        await send(ws, audio)
        await ws.send('{"type": "CloseStream"}')
        return [json.loads(message) async for message in ws]


def transcript(message: dict[str, Any]) -> str:
    return message["channel"]["alternatives"][0]["transcript"]


def finals(messages: list[dict[str, Any]]) -> list[str]:
    return [transcript(m) for m in messages if m["type"] == "Results" and m["is_final"] and transcript(m)]


def test_turn_is_told_as_deepgram_tells_it(sandbox: Sandbox) -> None:
    said = sandbox.world.voices.speak("Yes, I am interested. How much does it cost?")

    messages = asyncio.run(transcribe(sandbox, silence(1000) + said.mulaw + silence(1500)))

    kinds = [m["type"] for m in messages]
    assert kinds.index("SpeechStarted") < kinds.index("Results") < kinds.index("UtteranceEnd")
    assert kinds[-1] == "Metadata"
    assert " ".join(finals(messages)) == said.text
    interim = [m for m in messages if m["type"] == "Results" and not m["is_final"]]
    assert interim
    assert all(transcript(m) in said.text for m in interim)
    ended = [m for m in messages if m.get("speech_final")]
    assert transcript(ended[-1]).endswith("cost?")
    words = [w for m in messages if m.get("is_final") for w in m["channel"]["alternatives"][0]["words"]]
    assert words[0]["word"] == "yes"
    assert words[0]["punctuated_word"] == "Yes,"
    assert words[0]["start"] == pytest.approx(1.0, abs=0.1)
    assert all(a["end"] <= b["start"] + 0.001 for a, b in pairwise(words))


def test_plain_transcript_without_smart_format(sandbox: Sandbox) -> None:
    said = sandbox.world.voices.speak("Hello, who is this?")

    messages = asyncio.run(transcribe(sandbox, said.mulaw + silence(1000), f"{QUERY}&endpointing=300"))

    assert finals(messages) == ["hello who is this"]
    assert {m["type"] for m in messages} == {"Results", "Metadata"}


def test_finalize_gives_the_words_at_once(sandbox: Sandbox) -> None:
    said = sandbox.world.voices.speak("Yes, please do that.")

    async def talk() -> dict[str, Any]:
        async with listening(sandbox, f"{LIVE}&endpointing=false".replace("endpointing=300&", "")) as ws:
            await send(ws, said.mulaw)
            await ws.send('{"type": "Finalize"}')
            async for text in ws:
                message = json.loads(text)
                if message.get("from_finalize"):
                    return message
        raise AssertionError("no answer to Finalize")

    message = asyncio.run(talk())
    assert message["is_final"]
    assert transcript(message) == said.text


def test_foreign_speech_is_transcribed_neutrally(sandbox: Sandbox) -> None:
    stranger = Voices(Registry()).speak("Nobody in this world has ever said that.")

    heard = finals(asyncio.run(transcribe(sandbox, stranger.mulaw + silence(1000))))

    assert len(heard) == 1
    assert heard[0].startswith("[speech ")
    assert heard[0].endswith(" seconds]")


@pytest.mark.parametrize(
    ("query", "key", "status"),
    [(LIVE, "wrong", 401), (LIVE.replace("mulaw", "opus"), KEY, 400), (f"{LIVE}&punctuate=perhaps", KEY, 400)],
)
def test_handshake_is_refused(sandbox: Sandbox, query: str, key: str, status: int) -> None:
    async def attempt() -> int:
        with pytest.raises(InvalidStatus) as refused:
            async with listening(sandbox, query, key):
                pass
        return refused.value.response.status_code

    assert asyncio.run(attempt()) == status


def test_outage_and_limit_are_refused_and_drop_is_cut(sandbox: Sandbox) -> None:
    async def attempt() -> object:
        try:
            async with listening(sandbox) as ws:
                await send(ws, silence(2000))
                async for _ in ws:
                    pass
        except InvalidStatus as refused:
            return refused.response.status_code
        except ConnectionClosed as closed:
            return closed.rcvd and closed.rcvd.reason
        return None

    outcomes = []
    for fault in ("outage", "limited", "drop"):
        sandbox.world.faults.plan = FaultPlan(rates={f"deepgram.{fault}": 1.0})
        outcomes.append(asyncio.run(attempt()))

    assert outcomes == [503, 429, "NET-0000: internal error"]


def test_idle_stream_is_closed_and_kept_alive_one_is_not(sandbox: Sandbox) -> None:
    async def idle() -> str:
        async with listening(sandbox) as ws:
            for _ in range(4):
                await asyncio.sleep(0.3)
                await ws.send('{"type": "KeepAlive"}')
            with pytest.raises(ConnectionClosed) as closed:
                await ws.recv()
            return closed.value.rcvd.reason

    assert asyncio.run(idle()).startswith("NET-0001")


def test_messages_fit_deepgrams_own_specification(sandbox: Sandbox) -> None:
    path = SPECS / "deepgram_asyncapi.yml"
    if not path.exists():
        pytest.skip("the vendors' specifications are not at hand; DIALER_SPECS names their folder")
    schemas = yaml.safe_load(path.read_text())["components"]["schemas"]
    said = sandbox.world.voices.speak("Call me on Tuesday at ten.")

    messages = asyncio.run(transcribe(sandbox, said.mulaw + silence(1500)))

    assert {m["type"] for m in messages} == {"Results", "SpeechStarted", "UtteranceEnd", "Metadata"}
    for message in messages:
        reference = {"$ref": f"#/components/schemas/ListenV1_ListenV1{message['type']}"}
        OAS31Validator({**reference, "components": {"schemas": schemas}}).validate(message)


async def synthesize(sandbox: Sandbox, text: str, voice: str = RACHEL, key: str = KEY, **more: Any) -> list[bytes]:
    async with httpx.AsyncClient() as client:
        vendor = AsyncElevenLabs(api_key=key, base_url=f"{sandbox.http}/elevenlabs", httpx_client=client)
        stream = vendor.text_to_speech.stream(
            voice,
            text=text,
            model_id="eleven_flash_v2_5",
            output_format=more.pop("output_format", "ulaw_8000"),
            request_options={"max_retries": 0},
            **more,
        )
        return [chunk async for chunk in stream]


def test_spoken_text_arrives_and_can_be_heard(sandbox: Sandbox) -> None:
    text = "Good morning, this is Ana from Acme Solar."

    audio = b"".join(asyncio.run(synthesize(sandbox, text)))

    heard = Ear(sandbox.world.registry).feed(audio + silence(500))
    assert " ".join(event.text for event in heard if isinstance(event, WordHeard)) == text


def test_voices_and_languages_sound_different(sandbox: Sandbox) -> None:
    async def three() -> list[bytes]:
        return [
            b"".join(await synthesize(sandbox, "Hello", voice, **more))
            for voice, more in ((RACHEL, {}), ("EXAVITQu4vr4xnSDxMaL", {}), (RACHEL, {"language_code": "hi"}))
        ]

    assert len(set(asyncio.run(three()))) == 3


@pytest.mark.parametrize(
    ("arguments", "status", "name"),
    [
        ({"key": "wrong"}, 401, "invalid_api_key"),
        ({"voice": "nobody"}, 404, "voice_not_found"),
        ({"output_format": "mp3_44100_128"}, 400, "invalid_output_format"),
    ],
)
def test_bad_requests_are_refused(sandbox: Sandbox, arguments: dict[str, str], status: int, name: str) -> None:
    with pytest.raises(ApiError) as refused:
        asyncio.run(synthesize(sandbox, "Hello", **arguments))

    assert refused.value.status_code == status
    assert refused.value.body["detail"]["status"] == name


def test_missing_text_is_a_validation_error(sandbox: Sandbox) -> None:
    url = f"{sandbox.http}/elevenlabs/v1/text-to-speech/{RACHEL}/stream?output_format=ulaw_8000"

    answer = httpx.post(url, json={"model_id": "eleven_flash_v2_5"}, headers={"xi-api-key": KEY})

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "text"]


def test_faults_of_synthesis_look_like_the_vendors(sandbox: Sandbox) -> None:
    outcomes = []
    for fault in ("outage", "busy", "quota"):
        sandbox.world.faults.plan = FaultPlan(rates={f"elevenlabs.{fault}": 1.0})
        with pytest.raises(ApiError) as refused:
            asyncio.run(synthesize(sandbox, "Hello"))
        outcomes.append(refused.value.status_code)
    sandbox.world.faults.plan = FaultPlan(rates={"elevenlabs.cut": 1.0})
    with pytest.raises(httpx.RemoteProtocolError):
        asyncio.run(synthesize(sandbox, "Hello, this is long enough to be cut in the middle."))

    assert outcomes == [503, 429, 401]


def test_voices_and_account_are_listed(sandbox: Sandbox) -> None:
    base, headers = f"{sandbox.http}/elevenlabs/v1", {"xi-api-key": KEY}

    voices = httpx.get(f"{base}/voices", headers=headers).json()["voices"]

    assert RACHEL in [voice["voice_id"] for voice in voices]
    assert httpx.get(f"{base}/user", headers=headers).json()["subscription"]["status"] == "active"
    assert httpx.get(f"{base}/user", headers={"xi-api-key": "wrong"}).status_code == 401


def test_models_are_listed_as_the_sdk_reads_them(sandbox: Sandbox) -> None:
    async def models(key: str) -> list[Any]:
        async with httpx.AsyncClient() as http:
            client = AsyncElevenLabs(api_key=key, base_url=f"{sandbox.http}/elevenlabs", httpx_client=http)
            return await client.models.list()

    assert "eleven_flash_v2_5" in [model.model_id for model in asyncio.run(models(KEY))]
    with pytest.raises(ApiError) as refused:
        asyncio.run(models("wrong"))
    assert refused.value.status_code == 401


def test_projects_are_listed_for_the_key_alone(sandbox: Sandbox) -> None:
    def projects(authorization: str) -> httpx.Response:
        return httpx.get(f"{sandbox.http}/deepgram/v1/projects", headers={"Authorization": authorization})

    assert set(projects(f"Token {KEY}").json()["projects"][0]) == {"project_id", "name"}
    for wrong in ("Token wrong", f"Bearer {KEY}", ""):
        refused = projects(wrong)
        assert refused.status_code == 401
        assert refused.json()["err_code"] == "INVALID_AUTH"
