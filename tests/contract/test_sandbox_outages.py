"""The sandbox's vendors die on demand: cut off, or with open sockets that say nothing any more, and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from dialer.errors import VendorBusy
from dialer.sandbox.voices import silence
from dialer.speech.deepgram import Deepgram
from tests.sandbox_vendors import KEY, Sandbox, vendors


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.calm()


def models(sandbox: Sandbox, vendor: str = "openai/v1") -> int:
    headers = {"authorization": f"Bearer {KEY}", "x-goog-api-key": KEY}
    return httpx.get(f"{sandbox.http}/{vendor}/models", headers=headers, timeout=0.5, trust_env=False).status_code


def test_a_dead_vendor_cuts_off_whoever_comes_and_no_other_one_does(sandbox: Sandbox) -> None:
    sandbox.strike("openai", "dead")

    with pytest.raises(httpx.RemoteProtocolError):
        models(sandbox)
    assert models(sandbox, "gemini/v1beta") == 200
    assert sandbox.outages.health["openai"].refused == 1


def test_a_mute_vendor_takes_a_request_and_never_answers(sandbox: Sandbox) -> None:
    sandbox.strike("openai", "mute")

    with pytest.raises(httpx.ReadTimeout):
        models(sandbox)


def test_a_vendor_that_is_back_answers(sandbox: Sandbox) -> None:
    for condition in ("dead", "well", "mute", "well"):
        sandbox.strike("openai", condition)

    assert models(sandbox) == 200


def test_a_stream_is_cut_when_its_vendor_dies(sandbox: Sandbox) -> None:
    async def main() -> None:
        deepgram = Deepgram(base_url=f"{sandbox.http}/deepgram", api_key=KEY, model="nova-3")
        stream = await deepgram.open(language="en-US")
        stream.feed(silence(100))
        sandbox.strike("deepgram", "dead")
        with pytest.raises(VendorBusy):
            async with asyncio.timeout(2):
                await anext(aiter(stream))
        with pytest.raises(VendorBusy):
            await deepgram.open(language="en-US")

    asyncio.run(main())
    assert sandbox.outages.health["deepgram"].cut == 1


def test_a_stream_of_a_mute_vendor_stays_open_and_says_nothing(sandbox: Sandbox) -> None:
    async def main() -> None:
        stream = await Deepgram(base_url=f"{sandbox.http}/deepgram", api_key=KEY, model="nova-3").open(language="en")
        sandbox.strike("deepgram", "mute")
        stream.feed(sandbox.world.voices.speak("Yes, I am interested.").mulaw + silence(600))
        stream.finalize()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(aiter(stream))
        await stream.close()

    asyncio.run(main())
