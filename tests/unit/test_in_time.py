"""A wait that takes too long is ended, whichever of many it is; time counts only while somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from dialer.conversation.vendors import in_time
from dialer.errors import VendorBusy
from tests.realtime.scripted import run


async def items(*pauses_s: float) -> AsyncIterator[int]:
    for number, pause_s in enumerate(pauses_s):
        await asyncio.sleep(pause_s)
        yield number


@pytest.mark.parametrize(
    ("pauses_s", "came"),
    [
        ((3.9, 1.9, 1.9, 1.9), [0, 1, 2, 3]),
        ((4.1, 0.1), []),
        ((0.1, 2.1), [0]),
        ((0.1, 1.9, 1.9, 2.1), [0, 1, 2]),
    ],
)
def test_whichever_wait_is_too_long_ends_it_at_its_time(pauses_s: tuple[float, ...], came: list[int]) -> None:
    async def consume() -> tuple[list[int], float]:
        loop, found = asyncio.get_running_loop(), list[int]()
        began_s = loop.time()
        with suppress(VendorBusy):
            async for item in in_time(items(*pauses_s), 4.0, 2.0, "somebody"):
                found.append(item)
        return found, loop.time() - began_s

    found, took_s = run(consume())

    assert found == came
    waited = [min(pause_s, 4.0 if at == 0 else 2.0) for at, pause_s in enumerate(pauses_s[: len(came) + 1])]
    assert took_s == pytest.approx(sum(waited), abs=0.01)


def test_what_the_consumer_takes_is_not_the_vendors_time() -> None:
    async def consume() -> list[int]:
        found = []
        async for item in in_time(items(0.1, 1.5, 1.5), 4.0, 2.0, "somebody"):
            found.append(item)
            await asyncio.sleep(7.0)
        return found

    assert run(consume()) == [0, 1, 2]


def test_somebody_elses_cancellation_stays_one() -> None:
    async def consume() -> None:
        async for _ in in_time(items(9.0), 4.0, 2.0, "somebody"):
            pass

    async def main() -> bool:
        task = asyncio.ensure_future(consume())
        await asyncio.sleep(4.0)  # the limit strikes at the same moment
        task.cancel()
        await asyncio.wait((task,))
        return task.cancelled()

    assert run(main())


def test_the_source_is_closed_and_the_task_goes_on_after_a_stall() -> None:
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            await asyncio.sleep(60.0)
            yield 1
        finally:
            closed.append(True)

    async def main() -> float:
        with pytest.raises(VendorBusy):
            async for _ in in_time(source(), 1.0, 1.0, "somebody"):
                pass
        async for _ in in_time(items(0.1), 1.0, 1.0, "somebody"):
            pass
        await asyncio.sleep(5.0)  # nothing of the limit is left to cancel it
        return asyncio.get_running_loop().time()

    run(main())
    assert closed == [True]


def test_a_stall_that_the_source_tells_as_something_else_leaves_no_cancellation_behind() -> None:
    async def source() -> AsyncIterator[int]:
        try:
            await asyncio.sleep(60.0)
        except asyncio.CancelledError:
            raise VendorBusy("somebody", "went away") from None
        yield 1

    async def main() -> int:
        with pytest.raises(VendorBusy, match="went away"):
            async for _ in in_time(source(), 1.0, 1.0, "somebody"):
                pass
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert run(main()) == 0
