"""What one event sets off is done before sockets are read again, and nobody is starved by it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from dialer.conversation.prompt_loop import MOST_STEPS, PromptLoop

CHAIN = 10
WITHIN_S = 5.0

whose: ContextVar[str] = ContextVar("whose", default="nobody's")


@pytest.fixture
def loop() -> Iterator[PromptLoop]:
    loop = PromptLoop()
    yield loop
    loop.close()


def run(loop: PromptLoop, work: Callable[[], Awaitable[Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(WITHIN_S):
            return await work()

    return loop.run_until_complete(limited())


def test_a_chain_of_tasks_is_not_held_up_by_sockets(loop: PromptLoop) -> None:
    reads = 0

    def read() -> None:
        nonlocal reads
        reads += 1  # it stays readable, as sockets do that others write to all the time

    async def pass_on(before: asyncio.Future[int]) -> int:
        return await before + 1

    async def work() -> int:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.send(b"!")
            loop.add_reader(ours, read)
            await asyncio.sleep(0.05)
            assert reads > 1
            last = first = loop.create_future()
            for _ in range(CHAIN):
                last = loop.create_task(pass_on(last))
            await asyncio.sleep(0.05)  # each waits for the one before it
            until = loop.create_future()
            last.add_done_callback(lambda _: until.set_result(reads))
            before = reads
            first.set_result(0)
            after = await until
            loop.remove_reader(ours)
            assert await last == CHAIN
            return int(after - before)

    assert run(loop, work) <= 1


def test_what_never_rests_starves_neither_sockets_nor_timers(loop: PromptLoop) -> None:
    async def work() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            read, rung = asyncio.Event(), asyncio.Event()
            loop.add_reader(ours, read.set)
            loop.call_later(0.01, rung.set)
            theirs.send(b"!")
            steps = 0
            while not (read.is_set() and rung.is_set()):
                await asyncio.sleep(0)
                steps += 1
            loop.remove_reader(ours)
            assert steps > MOST_STEPS

    run(loop, work)


def test_steps_are_done_in_their_order_and_those_that_were_cancelled_are_not(loop: PromptLoop) -> None:
    async def work() -> list[str]:
        done: list[str] = []
        loop.call_soon(done.append, "first")
        cancelled = loop.call_soon(done.append, "cancelled")
        loop.call_soon(lambda: loop.call_soon(done.append, "last"))
        loop.call_soon(done.append, "second")
        cancelled.cancel()
        await asyncio.sleep(0.01)
        return done

    assert run(loop, work) == ["first", "second", "last"]


def test_a_step_that_breaks_is_told_and_does_not_stop_the_others(loop: PromptLoop) -> None:
    told: list[BaseException] = []
    loop.set_exception_handler(lambda _, about: told.append(about["exception"]))

    async def work() -> list[str]:
        done: list[str] = []
        loop.call_soon(lambda: 1 / 0)
        loop.call_soon(done.append, "next")
        await asyncio.sleep(0.01)
        return done

    assert run(loop, work) == ["next"]
    assert [type(error) for error in told] == [ZeroDivisionError]


def test_a_process_that_is_told_to_end_in_a_step_does_the_rest_if_it_goes_on(loop: PromptLoop) -> None:
    done: list[str] = []

    def end() -> None:
        raise SystemExit

    loop.call_soon(end)
    loop.call_soon(done.append, "rest")
    with pytest.raises(SystemExit):
        loop.run_forever()
    run(loop, lambda: asyncio.sleep(0.01))
    assert done == ["rest"]


def test_a_step_has_the_context_of_whoever_asked_for_it(loop: PromptLoop) -> None:
    async def work() -> list[str]:
        seen: list[str] = []
        whose.set("mine")
        loop.call_soon(lambda: seen.append(whose.get()))
        whose.set("another's")
        await asyncio.sleep(0.01)
        return seen

    assert run(loop, work) == ["mine"]


def test_other_threads_reach_it(loop: PromptLoop) -> None:
    async def work() -> str:
        answer: asyncio.Future[str] = loop.create_future()
        await loop.run_in_executor(None, lambda: loop.call_soon_threadsafe(answer.set_result, "heard"))
        return await answer

    assert run(loop, work) == "heard"


GIVEN_UP = """
import asyncio, socket
from dialer.conversation.prompt_loop import PromptLoop

async def connect(loop, address, number):
    if number % 2:
        line = socket.socket()
        line.setblocking(False)
        await loop.sock_connect(line, address)
        to = {"sock": line}
    else:
        to = {"host": address[0], "port": address[1]}
    connected = asyncio.Event()

    class Client(asyncio.Protocol):
        def connection_made(self, transport):
            connected.set()

    connecting = loop.create_task(loop.create_connection(Client, **to))
    if number % 4 > 1:  # in the moment in which it is connected, not on the way to it
        await connected.wait()
    for _ in range(number % 7):
        await asyncio.sleep(0)
    connecting.cancel()
    try:
        (await connecting)[0].close()
    except asyncio.CancelledError:
        return 1
    return 0

async def main():
    loop = asyncio.get_running_loop()
    there = []

    class Server(asyncio.Protocol):
        def connection_made(self, transport):
            there.append(self)

        def connection_lost(self, error):
            there.remove(self)

    server = await loop.create_server(Server, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    given_up = 0
    for _ in range(20):
        given_up += sum(await asyncio.gather(*(connect(loop, address, number) for number in range(28))))
    await asyncio.sleep(0.2)
    assert given_up > 100, given_up
    assert not there, len(there)

with asyncio.Runner(loop_factory=PromptLoop) as runner:
    runner.run(main())
"""


def test_whoever_gives_up_while_connecting_brings_nothing_down_and_leaves_nothing_open() -> None:
    """In a process of its own, for the loop's C code died of it."""
    done = subprocess.run([sys.executable, "-c", GIVEN_UP], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
