"""Speech vendors keep the promises of their roles, over real sockets to the sandbox."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from dialer.audio.mulaw import FRAME_BYTES
from dialer.errors import VendorBusy, VendorRefused
from dialer.sandbox import deepgram, elevenlabs, openai, polly
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.heard import WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.options import Options
from dialer.sandbox.voices import silence
from dialer.sandbox.world import World
from dialer.speech.base import Heard, Recognizer, Timed, Voice
from dialer.speech.deepgram import Deepgram
from dialer.speech.elevenlabs import ElevenLabs
from dialer.speech.openai import OpenAIRecognizer, OpenAIVoice
from dialer.speech.polly import Polly
from tests.garbage import garbage

RACHEL = "21m00Tcm4TlvDq8ikWAM"
Recognizers = Callable[..., Recognizer]
Voices = Callable[..., Voice]


class Sandbox:
    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.url = f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    world = World(Options(data_dir=tmp_path_factory.mktemp("sandbox"), api_keys=("key",)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await world.open()
        yield
        await world.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(deepgram.router(world), prefix="/deepgram")
    app.include_router(elevenlabs.router(world), prefix="/elevenlabs")
    app.include_router(openai.router(world), prefix="/openai/v1")
    app.include_router(polly.router(world), prefix="/polly")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    yield Sandbox(world, listener.getsockname()[1])
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.world.faults.plan = FaultPlan()


@dataclass(frozen=True)
class Vendor:
    """How to make an adapter (key, base URL), and what its vendor's faults are called in the sandbox."""

    make: Callable[[str, str], Any]
    faults: Mapping[str, str]


RECOGNIZERS = {
    "deepgram": Vendor(
        lambda key, url: Deepgram(base_url=f"{url}/deepgram", api_key=key, model="nova-3"),
        {"outage": "deepgram.outage", "limited": "deepgram.limited", "drop": "deepgram.drop"},
    ),
    "openai": Vendor(
        lambda key, url: OpenAIRecognizer(base_url=f"{url}/openai/v1", api_key=key, model="gpt-live-transcribe"),
        {"outage": "openai.stt_outage", "limited": "openai.stt_limited", "drop": "openai.stt_drop"},
    ),
}
VOICES = {
    "elevenlabs": Vendor(
        lambda key, url: ElevenLabs(base_url=f"{url}/elevenlabs", api_key=key, model="eleven_flash_v2_5"),
        {"outage": "elevenlabs.outage", "limited": "elevenlabs.busy", "cut": "elevenlabs.cut"},
    ),
    "openai": Vendor(
        lambda key, url: OpenAIVoice(base_url=f"{url}/openai/v1", api_key=key, model="gpt-4o-mini-tts"),
        {"outage": "openai.tts_outage", "limited": "openai.tts_limited", "cut": "openai.tts_cut"},
    ),
    "polly": Vendor(
        lambda key, url: Polly(
            base_url=f"{url}/polly", region="eu-west-1", access_key_id=key, secret_access_key=key, engine="neural"
        ),
        {"outage": "polly.outage", "limited": "polly.throttled", "cut": "polly.cut"},
    ),
}
IDS = {"elevenlabs": RACHEL, "openai": "coral", "polly": "Joanna"}


@pytest.fixture(params=sorted(RECOGNIZERS))
def hearing(request: pytest.FixtureRequest) -> Vendor:
    return RECOGNIZERS[request.param]


@pytest.fixture
def recognizer(hearing: Vendor, sandbox: Sandbox) -> Recognizers:
    def make(key: str = "key", url: str = sandbox.url) -> Recognizer:
        made: Recognizer = hearing.make(key, url)
        return made

    return make


@pytest.fixture(params=sorted(VOICES))
def speaking(request: pytest.FixtureRequest) -> Vendor:
    return VOICES[request.param]


@pytest.fixture
def voice(speaking: Vendor, sandbox: Sandbox) -> Voices:
    def make(key: str = "key", url: str = sandbox.url) -> Voice:
        made: Voice = speaking.make(key, url)
        return made

    return make


def fault(sandbox: Sandbox, name: str) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={name: 1.0})


async def listen(recognizer: Recognizer, audio: bytes, *, words: int = 1, finalize: bool = False) -> list[Heard]:
    """Let a recognizer hear audio until so many final words have come, and the end of the turn if not finalized."""
    recognition = await recognizer.open(language="en-US", hints=("Ada",))
    heard: list[Heard] = []

    async def collect() -> None:
        async for piece in recognition:
            heard.append(piece)

    def enough() -> bool:
        return len(said(heard).split()) >= words and (finalize or heard[-1].end_of_turn)

    collecting = asyncio.create_task(collect())
    for at in range(0, len(audio), FRAME_BYTES):
        recognition.feed(audio[at : at + FRAME_BYTES])
        if at % 8000 == 0:
            await asyncio.sleep(0)
    if finalize:
        recognition.finalize()
    try:
        async with asyncio.timeout(15.0):
            while not collecting.done() and not enough():  # noqa: ASYNC110 - pieces come from a socket
                await asyncio.sleep(0.02)
    finally:
        await recognition.close()
        await recognition.close()
        await collecting
    return heard


def said(pieces: list[Heard]) -> str:
    return " ".join(piece.text for piece in pieces if piece.is_final and piece.text)


def test_words_come_as_interim_then_final_then_the_end_of_the_turn(sandbox: Sandbox, recognizer: Recognizers) -> None:
    speech = sandbox.world.voices.speak("Yes, I am interested. How much does it cost?")

    pieces = asyncio.run(listen(recognizer(), silence(500) + speech.mulaw + silence(1500), words=9))

    assert said(pieces) == speech.text
    assert any(not piece.is_final for piece in pieces)
    assert pieces[-1].end_of_turn
    assert pieces[-1].ended_s > 1.0


def test_final_words_come_when_asked_for(sandbox: Sandbox, recognizer: Recognizers) -> None:
    speech = sandbox.world.voices.speak("Yes, please do that.")

    pieces = asyncio.run(listen(recognizer(), speech.mulaw, words=4, finalize=True))

    assert said(pieces) == speech.text


@pytest.mark.parametrize("name", ["outage", "limited"])
def test_a_stream_that_cannot_be_had_is_said_so(
    sandbox: Sandbox, hearing: Vendor, recognizer: Recognizers, name: str
) -> None:
    fault(sandbox, hearing.faults[name])
    with pytest.raises(VendorBusy):
        asyncio.run(recognizer().open(language="en-US"))


def test_a_wrong_key_is_a_refusal_of_the_recognizer(recognizer: Recognizers) -> None:
    with pytest.raises(VendorRefused):
        asyncio.run(recognizer(key="wrong").open(language="en-US"))


def test_a_recognizer_that_is_not_there_is_busy(recognizer: Recognizers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(VendorBusy):
        asyncio.run(recognizer(url=f"http://127.0.0.1:{port}").open(language="en-US"))


def test_a_stream_that_is_cut_raises(sandbox: Sandbox, hearing: Vendor, recognizer: Recognizers) -> None:
    fault(sandbox, hearing.faults["drop"])
    with pytest.raises(VendorBusy):
        asyncio.run(listen(recognizer(), silence(3000)))


async def spoken(voice: Voice, text: str, *, named: str | None = None) -> bytes:
    own = IDS[voice.name] if named is None else named
    try:
        pieces = [piece async for piece in voice.speak(text, voice=own, language="en-US")]
        return b"".join(piece for piece in pieces if isinstance(piece, bytes))
    finally:
        await voice.close()


def test_speech_is_understood_word_for_word(sandbox: Sandbox, voice: Voices) -> None:
    text = "Hello, this is Ada, calling about the quote that you asked for."

    audio = asyncio.run(spoken(voice(), text))

    ear = Ear(sandbox.world.registry)
    heard = [*ear.feed(silence(200) + audio + silence(600)), *ear.finish()]
    assert " ".join(event.text for event in heard if isinstance(event, WordHeard)) == text


def test_an_agent_need_not_name_a_voice_of_every_vendor(voice: Voices) -> None:
    assert asyncio.run(spoken(voice(), "Hello.", named=""))


def test_speech_is_the_whole_text_as_mulaw(sandbox: Sandbox, voice: Voices) -> None:
    audio = asyncio.run(spoken(voice(), "Hello, this is Ada."))

    assert len(audio) / 8000 == pytest.approx(1.5, abs=1.0)
    assert b"\xff" * 1000 not in audio.strip(b"\xff")


def test_speech_begins_before_it_is_whole(voice: Voices) -> None:
    async def main() -> float:
        speaker, loop = voice(), asyncio.get_running_loop()
        text = "This is a sentence of some length, so that it takes a while to make all of it. " * 4
        times = [loop.time() async for _ in speaker.speak(text, voice=IDS[speaker.name], language="en-US")]
        await speaker.close()
        return times[-1] - times[0]

    assert asyncio.run(main()) > 0.5  # of the 3 s in which the sandbox makes it


def test_words_are_timed_to_where_they_end(sandbox: Sandbox) -> None:
    text = "Hello, this is Ada, calling about a quote."
    voice = VOICES["elevenlabs"].make("key", sandbox.url)

    async def main() -> list[bytes | Timed]:
        pieces = [piece async for piece in voice.speak(text, voice=RACHEL, language="en-US")]
        await voice.close()
        return pieces

    pieces = asyncio.run(main())
    ends = [piece for piece in pieces if isinstance(piece, Timed)]
    audio = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    assert [text[: end.characters] for end in ends] == [text[: at.start()] for at in re.finditer(" ", text)]
    ear = Ear(sandbox.world.registry)
    heard = [*ear.feed(audio), *ear.finish()]
    spoken_until = [round(event.end_s * 8000) for event in heard if isinstance(event, WordHeard)]
    assert [end.at_bytes for end in ends] == pytest.approx(spoken_until[: len(ends)], abs=80)


def test_speaking_can_be_stopped(voice: Voices) -> None:
    async def main() -> int:
        speaker, taken = voice(), 0
        async with aclosing(
            speaker.speak("A long sentence. " * 20, voice=IDS[speaker.name], language="en-US")
        ) as chunks:  # type: ignore[type-var]
            async for _ in chunks:
                taken += 1
                if taken == 2:
                    break
        assert await spoken(speaker, "Still there.")
        return taken

    assert asyncio.run(main()) == 2


@pytest.mark.parametrize("chunks", [2, 9999])
def test_speaking_leaves_nothing_to_a_search_for_garbage(voice: Voices, chunks: int) -> None:
    async def say(speaker: Voice) -> None:
        spoken = speaker.speak("A long sentence. " * 5, voice=IDS[speaker.name], language="en-US")
        async with aclosing(spoken) as pieces:  # type: ignore[type-var]
            for _ in range(chunks):
                if await anext(pieces, None) is None:
                    return

    async def main() -> None:
        speaker = voice()
        await say(speaker)
        with garbage() as left:
            await say(speaker)
            await asyncio.sleep(0.1)
        await speaker.close()
        assert not left

    asyncio.run(main())


def test_hearing_leaves_nothing_to_a_search_for_garbage(recognizer: Recognizers) -> None:
    async def main() -> None:
        ears = recognizer()
        await listen(ears, silence(500), words=0, finalize=True)
        with garbage() as left:
            await listen(ears, silence(500), words=0, finalize=True)
            await asyncio.sleep(0.1)
        assert not left

    asyncio.run(main())


@pytest.mark.parametrize("name", ["outage", "limited", "cut"])
def test_a_voice_that_fails_is_said_so(sandbox: Sandbox, speaking: Vendor, voice: Voices, name: str) -> None:
    fault(sandbox, speaking.faults[name])
    with pytest.raises(VendorBusy):
        asyncio.run(spoken(voice(), "Hello, this is Ada."))


@pytest.mark.parametrize(("name", "vendor"), [("elevenlabs.quota", "elevenlabs"), ("openai.tts_quota", "openai")])
def test_a_used_up_quota_is_a_refusal(sandbox: Sandbox, name: str, vendor: str) -> None:
    fault(sandbox, name)
    with pytest.raises(VendorRefused):
        asyncio.run(spoken(VOICES[vendor].make("key", sandbox.url), "Hello, this is Ada."))


def test_a_wrong_key_is_a_refusal_of_the_voice(voice: Voices) -> None:
    with pytest.raises(VendorRefused):
        asyncio.run(spoken(voice(key="wrong"), "Hello."))


def test_a_signature_made_with_another_secret_is_refused(sandbox: Sandbox) -> None:
    polly = Polly(
        base_url=f"{sandbox.url}/polly",
        region="eu-west-1",
        access_key_id="key",
        secret_access_key="no",
        engine="neural",
    )
    with pytest.raises(VendorRefused, match="InvalidSignature"):
        asyncio.run(spoken(polly, "Hello."))


def test_a_wrong_model_is_a_refusal_of_the_live_transcription(sandbox: Sandbox) -> None:
    with pytest.raises(VendorRefused):
        asyncio.run(OpenAIRecognizer(base_url=f"{sandbox.url}/openai/v1", api_key="key", model="").open(language="en"))


def test_a_voice_that_is_not_there_is_busy(voice: Voices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(VendorBusy):
        asyncio.run(spoken(voice(url=f"http://127.0.0.1:{port}"), "Hello."))
