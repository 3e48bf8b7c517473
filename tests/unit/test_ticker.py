"""The ticker: everybody every 20 ms, not all at the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from dialer.conversation.ticker import PHASES, TICK_S, Ticker
from tests.realtime.scripted import VirtualLoop, run

TICKS = 50


@dataclass(eq=False)
class Member:
    """Writes down when it was ticked."""

    times: list[float] = field(default_factory=list)

    def tick(self, now: float) -> None:
        self.times.append(now)


class Broken(Member):
    """Fails at its first tick."""

    def tick(self, now: float) -> None:
        super().tick(now)
        raise RuntimeError("a fault of one call")


async def ticked(ticker: Ticker, seconds: float) -> None:
    """Let the ticker run for so long."""
    task = asyncio.ensure_future(ticker.run())
    await asyncio.sleep(seconds)
    task.cancel()


def test_everybody_is_ticked_every_20_ms() -> None:
    members, ticker = [Member() for _ in range(3 * PHASES)], Ticker()
    for member in members:
        ticker.add(member)
    run(ticked(ticker, TICKS * TICK_S))

    for member in members:
        gaps = [later - earlier for earlier, later in zip(member.times, member.times[1:], strict=False)]
        assert len(member.times) in (TICKS - 1, TICKS)
        assert gaps == pytest.approx([TICK_S] * len(gaps))


def test_no_moment_has_more_than_its_share() -> None:
    members, ticker = [Member() for _ in range(3 * PHASES)], Ticker()
    for member in members:
        ticker.add(member)
    run(ticked(ticker, 1.5 * TICK_S))

    moments = [member.times[0] for member in members]
    assert {moments.count(moment) for moment in moments} == {3}


def test_the_place_of_who_left_is_taken_by_who_comes() -> None:
    ticker, members = Ticker(), [Member() for _ in range(PHASES + 1)]
    for member in members[:PHASES]:
        ticker.add(member)
    ticker.remove(members[1])
    ticker.remove(members[1])
    ticker.add(members[-1])
    run(ticked(ticker, 1.5 * TICK_S))

    assert not members[1].times
    assert len({member.times[0] for member in members if member.times}) == PHASES


def test_one_that_fails_is_ticked_no_more_and_the_others_go_on() -> None:
    broken, sound, ticker = Broken(), Member(), Ticker()
    ticker.add(broken)
    ticker.add(sound)
    run(ticked(ticker, TICKS * TICK_S))

    assert len(broken.times) == 1
    assert len(sound.times) >= TICKS - 1


def test_voices_are_judged_twice_a_tick_for_all() -> None:
    judged: list[int] = []
    members = [Member() for _ in range(PHASES)]
    ticker = Ticker(lambda: judged.append(sum(len(member.times) for member in members)))
    for member in members:
        ticker.add(member)
    run(ticked(ticker, TICKS * TICK_S))

    assert judged[:4] == [0, 2, 4, 6]


class Stalling(Member):
    """Stands in the way of everything for three ticks, once."""

    def tick(self, now: float) -> None:
        super().tick(now)
        if len(self.times) == 10:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.stall(3 * TICK_S)


def test_what_is_late_is_judged_together_and_then_as_before() -> None:
    judged: list[float] = []

    def judge() -> None:
        judged.append(asyncio.get_running_loop().time())

    ticker = Ticker(judge)
    members = [Stalling(), *(Member() for _ in range(PHASES - 1))]
    for member in members:
        ticker.add(member)
    run(ticked(ticker, TICKS * TICK_S))

    gaps = [round((later - earlier) / TICK_S, 3) for earlier, later in pairwise(judged)]
    assert min(gaps) == 0.5  # never twice for one moment
    assert gaps.count(0.5) >= len(gaps) - 2
    assert max(gaps) >= 3.0
