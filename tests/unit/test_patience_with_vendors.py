"""How long a call waits for a vendor: less while there is another one to turn to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from dialer.conversation import vendors
from dialer.conversation.ticker import TICK_S, Ticker
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Delta, Message, Resumed, ToolSpec
from tests.realtime.scripted import FakeRecognition, FakeRecognizer

IN_TIME_S, SLOW_S = 0.0, 0.15
BUSY = VendorBusy("vendor", "503")


class SlowVoice:
    """Says its own name after a while."""

    def __init__(self, name: str, after_s: float) -> None:
        self.name, self.after_s = name, after_s

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        await asyncio.sleep(self.after_s)
        yield self.name.encode()

    async def close(self) -> None:
        return None


class FailingVoice:
    """Says its own name; fails first, once with each of these errors."""

    def __init__(self, name: str, *errors: Exception, after_s: float = IN_TIME_S) -> None:
        self.name, self.errors, self.after_s = name, errors, after_s
        self.asked = 0

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        self.asked += 1
        await asyncio.sleep(self.after_s)
        if self.asked <= len(self.errors):
            raise self.errors[self.asked - 1]
        yield self.name.encode()

    async def close(self) -> None:
        return None


async def heard(*voices: SlowVoice | FailingVoice) -> bytes:
    crew = Crew(LiveVendors((), voices, ()))
    return b"".join([chunk async for chunk in crew.speak("Hello.", voice="v", language="en-US")])


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendors, "FIRST_AUDIO_S", 0.1)


def test_a_slow_voice_is_left_for_the_next() -> None:
    assert asyncio.run(heard(SlowVoice("first", SLOW_S), SlowVoice("second", IN_TIME_S))) == b"second"


def test_the_only_voice_is_waited_for() -> None:
    assert asyncio.run(heard(SlowVoice("only", SLOW_S))) == b"only"


def test_a_hiccup_of_the_only_voice_costs_no_word() -> None:
    assert asyncio.run(heard(FailingVoice("only", BUSY))) == b"only"


def test_the_first_voice_is_tried_again_when_all_have_hiccups() -> None:
    assert asyncio.run(heard(FailingVoice("first", BUSY), FailingVoice("second", BUSY))) == b"first"


@pytest.mark.parametrize("error", [VendorRefused("first", "401", "no such key"), VendorBusy("first", "429", 30.0)])
def test_who_refuses_or_asks_for_time_is_not_tried_again(error: Exception) -> None:
    first = FailingVoice("first", error)

    assert asyncio.run(heard(first, FailingVoice("second", BUSY))) == b"second"
    assert first.asked == 1


def test_a_hiccup_of_the_only_model_costs_no_answer_and_counts_once() -> None:
    class Stuttering:
        name = "only"
        asked = 0

        async def answer(
            self, messages: Sequence[Message], tools: Sequence[ToolSpec], *, model: str = ""
        ) -> AsyncIterator[Delta]:
            self.asked += 1
            if self.asked == 1:
                yield "All right. But th"
                raise VendorBusy(self.name, "503")
            yield "but then."

        async def close(self) -> None:
            return None

    only = Stuttering()
    crew = Crew(LiveVendors((), (), (only,)))

    async def answered() -> list[Delta]:
        return [delta async for delta in crew.answer([Message("user", "Hi.")], ())]

    assert asyncio.run(answered()) == ["All right. But th", Resumed("All right."), "but then."]
    assert only.asked == 2


def test_two_failures_at_one_piece_of_work_are_one() -> None:
    only = FailingVoice("only", *[BUSY] * 4)
    crew = Crew(LiveVendors((), (only,), ()))

    async def twice() -> None:
        for _ in range(2):
            with pytest.raises(VendorBusy):
                async for _ in crew.speak("Hello.", voice="", language="en-US"):
                    pass
            assert crew.voices.order(asyncio.get_running_loop().time()) == [only]

    asyncio.run(twice())
    assert only.asked == 4
    assert crew.voices._breaker(only).admits(0.0)  # it takes three failures in a row


def test_a_hiccup_of_the_only_recognizer_leaves_no_call_deaf() -> None:
    class Flaky(FakeRecognizer):
        async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> FakeRecognition:
            self.broken, broken = False, self.broken
            if broken:
                raise VendorBusy(self.name, "503")
            return await super().open(language=language, hints=hints)

    only = Flaky()
    only.broken = True

    async def listen() -> object:
        return (await Crew(LiveVendors((only,), (), ())).listen(language="en-US", hints=()))[0]

    assert asyncio.run(listen()) is only


def test_a_dead_voice_is_tried_twice() -> None:
    dead = FailingVoice("dead", *[BUSY] * 9)
    with pytest.raises(VendorBusy, match="no voice can speak"):
        asyncio.run(heard(dead))
    assert dead.asked == 2


def test_who_has_waited_for_a_voice_that_failed_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendors, "HICCUP_S", SLOW_S / 2)
    late = FailingVoice("late", BUSY, after_s=SLOW_S / 2)
    monkeypatch.setattr(vendors, "FIRST_AUDIO_S", 1.0)
    with pytest.raises(VendorBusy, match="no voice can speak"):
        asyncio.run(heard(late))
    assert late.asked == 1


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
