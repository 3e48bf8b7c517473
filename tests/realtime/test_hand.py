"""The queue between a conversation and its seat's thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from dialer.conversation.facts import (
    Ending,
    EndReason,
    Fact,
    KnowledgeWanted,
    OptedOut,
    Reply,
    Speaker,
    StreamStarted,
    TurnFinished,
)
from dialer.conversation.hand import COMMIT_TIMEOUT_S, MOST_WAITING, SeatHand, Told
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


TURN = TurnFinished(1, Speaker.PERSON, "Yes.", 1.0, 2.0)
OUT = OptedOut("words", "stop")


class Shared:
    """Where turns go together with other calls'."""

    def __init__(self, hand: SeatHand) -> None:
        self.hand = hand
        self.waiting: list[tuple[Told, Callable[[], None]]] = []
        hand.share(lambda told, alone: self.waiting.append((told, alone)))

    @property
    def facts(self) -> list[Fact]:
        return [told.fact for told, _ in self.waiting]

    def alone(self) -> list[Fact]:
        """What the seat's thread would take out now."""
        taken = []
        while (told := self.hand.take(0.01)) is not None:
            taken.append(told.fact)
        return taken


def test_turns_go_together_with_those_of_others() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        shared.hand.post(TURN)
        shared.hand.post(TURN)

        assert shared.facts == [TURN, TURN]
        assert shared.alone() == []

    asyncio.run(main())


def test_what_is_told_after_a_shared_turn_waits_for_it() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        shared.hand.post(TURN)
        shared.hand.post(OUT)
        shared.hand.post(TURN)
        assert shared.alone() == []

        shared.waiting[0][0].answer(Reply())
        await asyncio.sleep(0.01)
        assert shared.alone() == [OUT, TURN]
        assert shared.facts == [TURN]

    asyncio.run(main())


def test_a_turn_that_must_go_alone_goes_before_what_was_told_after_it() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        answered = shared.hand.post(TURN)
        shared.hand.post(OUT)
        shared.waiting[0][1]()

        told = shared.hand.take(1.0)
        assert told is not None
        assert told.fact == TURN
        assert shared.alone() == []
        told.answer(Reply(lost=True, ok=False))
        assert (await answered).lost
        await asyncio.sleep(0.01)
        assert shared.alone() == [OUT]

    asyncio.run(main())


def test_a_turn_after_anything_else_goes_with_it() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        shared.hand.post(OUT)
        shared.hand.post(TURN)

        assert shared.facts == []
        assert shared.alone() == [OUT, TURN]

    asyncio.run(main())


def test_turns_are_shared_again_once_all_is_answered() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        shared.hand.post(OUT)
        told = shared.hand.take(1.0)
        assert told is not None
        told.answer(Reply())
        await asyncio.sleep(0.01)
        shared.hand.post(TURN)

        assert shared.facts == [TURN]

    asyncio.run(main())


def test_a_search_that_an_answer_waits_for_waits_for_no_turn() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        shared.hand.post(TURN)
        shared.hand.post(KnowledgeWanted("price"))

        assert shared.alone() == [KnowledgeWanted("price")]

    asyncio.run(main())


def test_an_answer_that_nobody_waits_for_any_more_counts_once() -> None:
    async def main() -> None:
        shared = Shared(SeatHand(asyncio.get_running_loop()))
        shared.hand.post(TURN)
        given_up = shared.hand.post(OUT)
        given_up.cancel()
        shared.waiting[0][0].answer(Reply())
        await asyncio.sleep(0.01)
        assert shared.alone() == [OUT]
        await asyncio.sleep(0.01)
        shared.hand.post(TURN)

        assert shared.facts == [TURN, TURN]

    asyncio.run(main())
