"""Uses each vendor of a live call once, no more than proves that it works: a moment of listening, a word each way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Final

from dialer import wiring
from dialer.conversation.vendors import LiveVendors
from dialer.doctor import Finding, Verdict
from dialer.errors import DialerError, VendorBusy, VendorRefused
from dialer.llm.base import Brain, Message
from dialer.settings import Settings
from dialer.speech.base import Recognizer, Voice
from dialer.speech2speech.base import Talker
from dialer.wiring.brains import embedder
from dialer.wiring.speech import TALKERS

TIMEOUT_S: Final = 10.0
_ACCOUNTS: Final = {
    "deepgram": "DEEPGRAM_API_KEY",
    "elevenlabs": "ELEVENLABS_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "openai": "OPENAI_API_KEY",
    "polly": "AWS_REGION and the AWS credentials",
}
_MODELS: Final = {
    ("language model", "gemini"): "GEMINI_MODEL",
    ("language model", "openai"): "OPENAI_MODEL",
    ("speech recognition", "deepgram"): "DEEPGRAM_MODEL",
    ("speech recognition", "openai"): "OPENAI_TRANSCRIPTION_MODEL",
    ("speech to speech", "gemini"): "GEMINI_LIVE_MODEL",
    ("speech to speech", "openai"): "OPENAI_REALTIME_MODEL",
    ("voice", "elevenlabs"): "ELEVENLABS_MODEL",
    ("voice", "openai"): "OPENAI_SPEECH_MODEL",
    ("voice", "polly"): "POLLY_ENGINE",
    ("embeddings", "openai"): "OPENAI_EMBEDDING_MODEL",
}
_QUESTION: Final = (
    Message("system", "You are being tested. Answer with one word."),
    Message("user", "Do you hear me?"),
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Use every vendor that has credentials, each role of it once. Costs a few tokens and the voice of one word."""
    try:
        vendors = wiring.live_vendors(settings)
    except DialerError as error:
        yield Finding("vendors", Verdict.FAIL, str(error), "Mend what the message says.")
        return
    yield from asyncio.run(_tried(vendors, settings))


async def _tried(vendors: LiveVendors, settings: Settings) -> list[Finding]:
    found = [
        *[await _try("speech recognition", one.name, _listen(one)) for one in vendors.recognizers],
        *[await _try("language model", one.name, _think(one)) for one in vendors.brains],
        *[await _try("voice", one.name, _speak(one)) for one in vendors.voices],
    ]
    if any(TALKERS[name].configured(settings.vendors) for name in settings.talkers):
        lost = "Agents with speech_to_speech go on with recognizer, language model and voice."
        found += [await _try("speech to speech", one.name, _talk(one), without=lost) for one in vendors.talkers]
    if settings.vendors.openai_api_key:
        lost = "New documents wait, and agents look up the others by their words alone."
        found.append(await _try("embeddings", "openai", asyncio.to_thread(_embed, settings), without=lost))
    for voice in vendors.voices:
        await voice.close()
    for brain in vendors.brains:
        await brain.close()
    return found


async def _try(role: str, vendor: str, use: Awaitable[None], *, without: str = "") -> Finding:
    """Use a vendor.

    Args:
        role: what for.
        vendor: its name.
        use: does it.
        without: how calls go on if it does not work; empty: they do not.
    """
    name, verdict = f"{role} ({vendor})", Verdict.WARN if without else Verdict.FAIL
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await use
    except VendorRefused as error:
        named = _ACCOUNTS.get(vendor, f"the entry {vendor} of DIALER_BRAIN_SERVERS")
        model = _MODELS.get((role, vendor))
        return Finding(name, verdict, str(error), f"Check {named}{f' and {model}' if model else ''}. {without}".strip())
    except (DialerError, TimeoutError) as error:
        advice = f"Check its base URL and this machine's way out. {without}".strip()
        return Finding(name, verdict, str(error) or f"no answer within {TIMEOUT_S:.0f} s", advice)
    return Finding(name, Verdict.OK, "it works")


async def _listen(recognizer: Recognizer) -> None:
    recognition = await recognizer.open(language="en-US")
    await recognition.close()


async def _think(brain: Brain) -> None:
    if not [delta async for delta in brain.answer(_QUESTION) if isinstance(delta, str)]:
        raise VendorBusy(brain.name, "no words came")


async def _speak(voice: Voice) -> None:
    if not [piece async for piece in voice.speak("Hello.", voice="", language="en-US")]:
        raise VendorBusy(voice.name, "no audio came")


async def _talk(talker: Talker) -> None:
    """Begin a conversation and end it before anybody spoke: the vendor has accepted the key and the model by then."""
    talk = await talker.open(instructions="You are being tested.", tools=(), voice="", language="en-US")
    await talk.close()


def _embed(settings: Settings) -> None:
    embedder(settings).embed(["Hello."], timeout_s=TIMEOUT_S)
