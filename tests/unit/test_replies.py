"""A speech-to-speech model's reply on its way to whoever speaks it."""

from __future__ import annotations

import asyncio

from dialer.speech2speech.replies import Replies


def test_who_takes_a_reply_gets_nothing_of_the_next_one() -> None:
    async def main() -> list[object]:
        replies = Replies()
        replies.begin()
        replies.add(b"old")
        taking = replies.take()
        taken: list[object] = [await anext(taking)]
        replies.begin()
        replies.add(b"new")
        return taken + [piece async for piece in taking]

    assert asyncio.run(main()) == [b"old"]


def test_for_whoever_takes_it_a_reply_ends_when_nobody_wants_the_rest() -> None:
    async def main() -> list[object]:
        replies = Replies()
        replies.begin()
        replies.add(b"half")
        taken: list[object] = []

        async def take() -> None:
            async for piece in replies.take():
                taken.append(piece)

        taking = asyncio.create_task(take())
        await asyncio.sleep(0.01)
        replies.drop()
        replies.add(b"too late")
        await asyncio.wait_for(taking, 1.0)
        return taken

    assert asyncio.run(main()) == [b"half"]
