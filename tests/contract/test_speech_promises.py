"""Speech vendors keep the promises of their roles, over real sockets to the sandbox."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from dialer.audio.mulaw import FRAME_BYTES
from dialer.errors import VendorBusy, VendorRefused
from dialer.sandbox import deepgram, elevenlabs
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.options import Options
from dialer.sandbox.voices import silence
from dialer.sandbox.world import World
from dialer.speech.base import Heard, Recognizer, Voice
from dialer.speech.deepgram import Deepgram
from dialer.speech.elevenlabs import ElevenLabs

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


@pytest.fixture(params=["deepgram"])
def recognizer(request: pytest.FixtureRequest, sandbox: Sandbox) -> Recognizers:
    def make(key: str = "key", url: str = sandbox.url) -> Recognizer:
        return Deepgram(base_url=f"{url}/deepgram", api_key=key, model="nova-3")

    return make


@pytest.fixture(params=["elevenlabs"])
def voice(request: pytest.FixtureRequest, sandbox: Sandbox) -> Voices:
    def make(key: str = "key", url: str = sandbox.url) -> Voice:
        return ElevenLabs(base_url=f"{url}/elevenlabs", api_key=key, model="eleven_flash_v2_5")

    return make


def fault(sandbox: Sandbox, name: str) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={name: 1.0})


async def listen(recognizer: Recognizer, audio: bytes, *, finalize: bool = False) -> list[Heard]:
    recognition = await recognizer.open(language="en-US", hints=("Ada",))
    heard: list[Heard] = []

    async def collect() -> None:
        async for piece in recognition:
            heard.append(piece)

    collecting = asyncio.create_task(collect())
    for at in range(0, len(audio), FRAME_BYTES):
        recognition.feed(audio[at : at + FRAME_BYTES])
        if at % 8000 == 0:
            await asyncio.sleep(0)
    if finalize:
        recognition.finalize()
    try:
        async with asyncio.timeout(3.0):
            while not collecting.done() and not any(  # noqa: ASYNC110 - pieces come from a socket
                piece.end_of_turn or (finalize and piece.is_final) for piece in heard
            ):
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

    pieces = asyncio.run(listen(recognizer(), silence(500) + speech.mulaw + silence(1500)))

    assert said(pieces) == speech.text
    assert any(not piece.is_final for piece in pieces)
    assert pieces[-1].end_of_turn
    assert pieces[-1].ended_s > 1.0


def test_final_words_come_when_asked_for(sandbox: Sandbox, recognizer: Recognizers) -> None:
    speech = sandbox.world.voices.speak("Yes, please do that.")

    pieces = asyncio.run(listen(recognizer(), speech.mulaw, finalize=True))

    assert said(pieces) == speech.text


@pytest.mark.parametrize(("name", "error"), [("deepgram.outage", VendorBusy), ("deepgram.limited", VendorBusy)])
def test_a_stream_that_cannot_be_had_is_said_so(
    sandbox: Sandbox, recognizer: Recognizers, name: str, error: type[Exception]
) -> None:
    fault(sandbox, name)
    with pytest.raises(error):
        asyncio.run(recognizer().open(language="en-US"))


def test_a_wrong_key_is_a_refusal_of_the_recognizer(recognizer: Recognizers) -> None:
    with pytest.raises(VendorRefused):
        asyncio.run(recognizer(key="wrong").open(language="en-US"))


def test_a_recognizer_that_is_not_there_is_busy(recognizer: Recognizers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(VendorBusy):
        asyncio.run(recognizer(url=f"http://127.0.0.1:{port}").open(language="en-US"))


def test_a_stream_that_is_cut_raises(sandbox: Sandbox, recognizer: Recognizers) -> None:
    fault(sandbox, "deepgram.drop")
    with pytest.raises(VendorBusy):
        asyncio.run(listen(recognizer(), silence(3000)))


async def spoken(voice: Voice, text: str, **parts: Any) -> bytes:
    try:
        return b"".join([chunk async for chunk in voice.speak(text, voice=RACHEL, language="en-US", **parts)])
    finally:
        await voice.close()


def test_speech_is_the_whole_text_as_mulaw(sandbox: Sandbox, voice: Voices) -> None:
    audio = asyncio.run(spoken(voice(), "Hello, this is Ada."))

    assert len(audio) / 8000 == pytest.approx(1.5, abs=1.0)
    assert b"\xff" * 1000 not in audio.strip(b"\xff")


def test_speech_begins_before_it_is_whole(voice: Voices) -> None:
    async def main() -> tuple[float, float]:
        speaker, loop = voice(), asyncio.get_running_loop()
        began, times = loop.time(), []
        text = "This is a sentence of some length, so that it takes a while to make all of it."
        async for _ in speaker.speak(text, voice=RACHEL, language="en-US"):
            times.append(loop.time() - began)
        await speaker.close()
        return times[0], times[-1]

    first_s, last_s = asyncio.run(main())
    assert first_s < last_s / 2


def test_speaking_can_be_stopped(voice: Voices) -> None:
    async def main() -> int:
        speaker, taken = voice(), 0
        async with aclosing(speaker.speak("A long sentence. " * 20, voice=RACHEL, language="en-US")) as chunks:  # type: ignore[type-var]
            async for _ in chunks:
                taken += 1
                if taken == 2:
                    break
        assert await spoken(speaker, "Still there.")
        return taken

    assert asyncio.run(main()) == 2


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("elevenlabs.outage", VendorBusy),
        ("elevenlabs.busy", VendorBusy),
        ("elevenlabs.cut", VendorBusy),
        ("elevenlabs.quota", VendorRefused),
    ],
)
def test_a_voice_that_fails_is_said_so(sandbox: Sandbox, voice: Voices, name: str, error: type[Exception]) -> None:
    fault(sandbox, name)
    with pytest.raises(error):
        asyncio.run(spoken(voice(), "Hello, this is Ada."))


@pytest.mark.parametrize("wrong", [{"key": "wrong"}])
def test_a_wrong_key_is_a_refusal_of_the_voice(voice: Voices, wrong: dict[str, str]) -> None:
    with pytest.raises(VendorRefused):
        asyncio.run(spoken(voice(**wrong), "Hello."))


def test_a_voice_that_is_not_there_is_busy(voice: Voices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(VendorBusy):
        asyncio.run(spoken(voice(url=f"http://127.0.0.1:{port}"), "Hello."))
