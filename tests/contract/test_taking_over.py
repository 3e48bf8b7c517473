"""Vendors that are killed in the middle of what they do, over real sockets: the next one goes on at the right word."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dialer.audio.mulaw import FRAME_BYTES
from dialer.conversation.listening import Listening
from dialer.conversation.persons_audio import PersonsAudio
from dialer.conversation.playout import Audio
from dialer.conversation.sentences import Sentences
from dialer.conversation.spending import Spent
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import VendorBusy
from dialer.llm.base import Message, Resumed
from dialer.llm.openai import OpenAIBrain
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.heard import WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.voices import silence
from dialer.speech.base import Heard
from dialer.speech.deepgram import Deepgram
from dialer.speech.elevenlabs import ElevenLabs
from dialer.speech.openai import OpenAIRecognizer, OpenAIVoice
from dialer.speech.polly import Polly
from tests.sandbox_vendors import KEY, Sandbox, vendors

SENTENCE = "Our plan costs forty euros a month, and you can stop it at any time you like without a fee."


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    home: Path = tmp_path_factory.mktemp("sandbox")
    with vendors(home) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.world.faults.plan = FaultPlan()


@asynccontextmanager
async def crew(sandbox: Sandbox) -> AsyncIterator[Crew]:
    http, key = sandbox.http, {"access_key_id": KEY, "secret_access_key": KEY}
    voices = (
        ElevenLabs(base_url=f"{http}/elevenlabs", api_key=KEY, model="eleven_flash_v2_5"),
        Polly(base_url=f"{http}/polly", region="eu-west-1", engine="neural", **key),
        OpenAIVoice(base_url=f"{http}/openai/v1", api_key=KEY, model="gpt-4o-mini-tts"),
    )
    recognizers = (
        Deepgram(base_url=f"{http}/deepgram", api_key=KEY, model="nova-3"),
        OpenAIRecognizer(base_url=f"{http}/openai/v1", api_key=KEY, model="gpt-live-transcribe"),
    )
    brain = OpenAIBrain(base_url=f"{http}/openai/v1", api_key=KEY, model="gpt-5.4-mini")
    try:
        yield Crew(LiveVendors(recognizers, voices, (brain, copy.copy(brain))))
    finally:
        for vendor in (*voices, brain):
            await vendor.close()


def faults(sandbox: Sandbox, *names: str) -> None:
    sandbox.world.faults.plan = FaultPlan(rates=dict.fromkeys(names, 1.0))


def words(sandbox: Sandbox, audio: bytes) -> str:
    ear = Ear(sandbox.world.registry)
    heard = [*ear.feed(silence(200) + audio + silence(600)), *ear.finish()]
    return " ".join(event.text for event in heard if isinstance(event, WordHeard))


async def speak(sandbox: Sandbox, cast: str) -> bytes:
    audio = Audio()
    async with crew(sandbox) as speaking:
        async for piece in speaking.speak(SENTENCE, voice=cast, language="en-US"):
            audio.add(piece)
    return bytes(audio.data)


@pytest.mark.parametrize("dead", ["outage", "cut"])
def test_the_next_voice_says_every_word_once(sandbox: Sandbox, dead: str) -> None:
    faults(sandbox, f"elevenlabs.{dead}")

    assert words(sandbox, asyncio.run(speak(sandbox, ""))) == SENTENCE


def test_a_third_voice_takes_over_from_the_second(sandbox: Sandbox) -> None:
    faults(sandbox, "elevenlabs.cut", "polly.outage")

    assert words(sandbox, asyncio.run(speak(sandbox, ""))) == SENTENCE


def test_a_voice_that_does_not_time_its_words_loses_none_of_them(sandbox: Sandbox) -> None:
    faults(sandbox, "polly.cut")

    said = words(sandbox, asyncio.run(speak(sandbox, "polly openai/coral"))).split()

    assert [word for at, word in enumerate(said) if at == 0 or word != said[at - 1]]
    rest = iter(said)
    assert all(word in rest for word in SENTENCE.split()), said


def test_an_agents_own_voices_come_first(sandbox: Sandbox) -> None:
    by_agent = asyncio.run(speak(sandbox, "polly/Matthew"))
    by_default = asyncio.run(speak(sandbox, ""))

    assert by_agent != by_default
    assert words(sandbox, by_agent) == SENTENCE


async def hear(sandbox: Sandbox, audio: bytes, count: int, *recognizers: str) -> tuple[str, int]:
    """Let a call listen to audio at the pace of a telephone; return its final words, and how often it changed."""
    heard: list[Heard] = []
    loop = asyncio.get_running_loop()

    def on_heard(piece: Heard, _delay_s: float) -> None:
        heard.append(piece)

    async with crew(sandbox) as ears:
        line = PersonsAudio()
        listening = Listening(
            ears, line, language="en-US", hints=(), on_heard=on_heard, spent=Spent(), recognizers=recognizers
        )
        listening.start()
        for at in range(0, len(audio), FRAME_BYTES):
            line.add(audio[at : at + FRAME_BYTES], loop.time())
            if line.count >= listening.due:
                listening.feed(loop.time())
            await asyncio.sleep(0.02)
        try:
            async with asyncio.timeout(15.0):
                while sum(len(piece.text.split()) for piece in heard if piece.is_final) < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            await listening.close()
    return " ".join(piece.text for piece in heard if piece.is_final and piece.text), listening.reopened


@pytest.mark.parametrize(
    ("dead", "first"), [("deepgram.drop", "deepgram"), ("openai.stt_drop", "openai"), ("deepgram.outage", "deepgram")]
)
def test_the_next_recognizer_loses_no_word(sandbox: Sandbox, dead: str, first: str) -> None:
    faults(sandbox, dead)
    speech = sandbox.world.voices.speak("Yes, I am interested, but tell me what it costs before I say more.")

    said, changed = asyncio.run(hear(sandbox, speech.mulaw + silence(800), 14, first))

    assert said == speech.text
    assert changed == (0 if dead.endswith("outage") else 1)


@pytest.mark.parametrize("dead", ["outage", "cut"])
def test_the_next_model_goes_on_after_the_last_whole_sentence(sandbox: Sandbox, dead: str) -> None:
    asked = [Message("system", "You are Ada. Your goal: sell."), Message("user", "What does it cost?")]

    async def answer() -> tuple[list[str], int]:
        said, sentences, resumed = list[str](), Sentences(), 0
        async with crew(sandbox) as minds:
            async for delta in minds.answer(asked, ()):
                if isinstance(delta, str):
                    said += sentences.feed(delta)
                elif isinstance(delta, Resumed):
                    assert delta.kept == " ".join(said)
                    sentences, resumed = Sentences(), resumed + 1
        return [*said, *filter(None, [sentences.rest()])], resumed

    undisturbed, _ = asyncio.run(answer())
    sandbox.world.faults.plan = FaultPlan(rates={f"openai.{dead}": 0.5})
    struck = [nth for nth in range(1000) if sandbox.world.faults.hits(f"openai.{dead}", nth)]
    assert struck
    for _ in range(12):  # the dice fall by the number of the request: first ones, second ones and both are struck
        try:
            taken_over, resumed = asyncio.run(answer())
        except VendorBusy:
            continue
        assert taken_over[-1].rstrip()[-1] in ".?!", taken_over
        assert resumed == 0 or dead == "cut"
        if resumed == 0:
            assert taken_over == undisturbed
