"""How long a call waits for a vendor: less while there is another one to turn to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dialer.conversation import vendors
from dialer.conversation.ticker import TICK_S, Ticker
from dialer.conversation.vendors import Crew, LiveVendors

IN_TIME_S, SLOW_S = 0.0, 0.15


class SlowVoice:
    """Says its own name after a while."""

    def __init__(self, name: str, after_s: float) -> None:
        self.name, self.after_s = name, after_s

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        await asyncio.sleep(self.after_s)
        yield self.name.encode()

    async def close(self) -> None:
        return None


async def heard(*voices: SlowVoice) -> bytes:
    crew = Crew(LiveVendors((), voices, ()))
    return b"".join([chunk async for chunk in crew.speak("Hello.", voice="v", language="en-US")])


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendors, "FIRST_AUDIO_S", 0.1)


def test_a_slow_voice_is_left_for_the_next() -> None:
    assert asyncio.run(heard(SlowVoice("first", SLOW_S), SlowVoice("second", IN_TIME_S))) == b"second"


def test_the_only_voice_is_waited_for() -> None:
    assert asyncio.run(heard(SlowVoice("only", SLOW_S))) == b"only"


class Hog:
    """Keeps the loop busy for longer than a tick."""

    def tick(self, now: float) -> None:
        end = asyncio.get_running_loop().time() + 4 * TICK_S
        while asyncio.get_running_loop().time() < end:
            pass


def test_a_ticker_that_is_kept_busy_knows_that_it_is_late() -> None:
    async def lag(member: Hog | None) -> float:
        ticker = Ticker()
        if member is not None:
            ticker.add(member)
        task = asyncio.create_task(ticker.run())
        await asyncio.sleep(1.0)
        task.cancel()
        return ticker.lag_s

    busy, idle = asyncio.run(lag(Hog())), asyncio.run(lag(None))

    assert busy > idle
