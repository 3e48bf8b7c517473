"""The queue between a conversation and its seat's thread."""

from __future__ import annotations

import asyncio
import threading

from dialer.conversation.facts import Ending, EndReason, OptedOut, Reply, StreamStarted
from dialer.conversation.hand import COMMIT_TIMEOUT_S, MOST_WAITING, SeatHand
from tests.realtime.scripted import run


def test_a_fact_is_answered_across_threads() -> None:
    async def main() -> Reply:
        hand = SeatHand(asyncio.get_running_loop())

        def seat() -> None:
            told = hand.take(5.0)
            assert told is not None
            assert told.fact == StreamStarted("MZ1")
            told.answer(Reply(text="committed"))

        thread = threading.Thread(target=seat)
        thread.start()
        reply = await hand.tell(StreamStarted("MZ1"))
        thread.join()
        return reply

    assert asyncio.run(main()) == Reply(text="committed")


def test_facts_keep_their_order() -> None:
    async def main() -> list[str]:
        hand = SeatHand(asyncio.get_running_loop())
        for number in range(5):
            hand.post(StreamStarted(str(number)))
        return [told.fact.stream_id for _ in range(5) if (told := hand.take(0.1))]  # type: ignore[union-attr]

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4"]


def test_a_database_that_is_away_makes_a_fact_wait_and_then_not_ok() -> None:
    async def main() -> tuple[Reply, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await SeatHand(loop).tell(StreamStarted("MZ1"))
        return reply, loop.time() - began

    reply, waited_s = run(main())
    assert not reply.ok
    assert abs(waited_s - COMMIT_TIMEOUT_S) < 0.1


def test_a_full_queue_gives_up_turns_but_no_opt_out() -> None:
    async def main() -> tuple[Reply, bool, bool]:
        hand = SeatHand(asyncio.get_running_loop())
        for _ in range(MOST_WAITING):
            hand.post(StreamStarted("MZ1"))
        given_up = await hand.tell(StreamStarted("MZ1"))
        opt_out, ending = hand.post(OptedOut("digit", "9")), hand.post(Ending(EndReason.OPT_OUT))
        return given_up, opt_out.done(), ending.done()

    given_up, opt_out_done, ending_done = asyncio.run(main())
    assert not given_up.ok
    assert not opt_out_done
    assert not ending_done


def test_an_answer_after_the_loop_is_gone_is_no_error() -> None:
    async def main() -> SeatHand:
        hand = SeatHand(asyncio.get_running_loop())
        hand.post(StreamStarted("MZ1"))
        return hand

    told = asyncio.run(main()).take(0.1)
    assert told is not None
    told.answer(Reply())
