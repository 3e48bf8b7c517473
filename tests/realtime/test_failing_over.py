"""Vendors that break off in the middle of a call, and calls that have none left."""

from __future__ import annotations

from dialer.conversation.facts import (
    Ending,
    EndReason,
    OpenerCompleted,
    TurnFinished,
)
from dialer.errors import VendorBusy
from tests.realtime.calling import Call
from tests.realtime.scripted import (
    FakeBrain,
    FakeRecognition,
    FakeRecognizer,
    FakeVoice,
)

LONG = "This is a rather long sentence about lamps which nobody would ever want to hear to its very end."


def test_next_voice_finishes_the_sentence_when_one_breaks_off(play) -> None:
    first, second = FakeVoice("first"), FakeVoice("second")

    async def scene(call: Call) -> None:
        await call.opener()
        first.breaks_after = 10
        await call.say("Tell me more.")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.said()[-1] == ("agent", "talk", LONG)
        assert LONG.endswith(second.said[0])
        assert len(second.said[0]) < len(LONG)

    play(scene, brain=FakeBrain([LONG]), voices=(first, second))


def test_next_recognizer_takes_over(play) -> None:
    first, second = FakeRecognizer("first"), FakeRecognizer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        first.broken = True
        first.opened[0].queue.put_nowait(VendorBusy("first", "cut"))
        await call.voice(0.5)
        assert second.opened[0].fed > 0
        second.opened[0].hear("Who is this?", end_of_turn=True)
        await call.until(lambda: len(call.brain.asked) == 1)

    play(scene, recognizers=(first, second))


def test_without_a_voice_for_the_opener_there_is_no_call(play) -> None:
    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done())
        assert not call.hand.of(OpenerCompleted)
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]

    play(scene, voices=(FakeVoice(breaks_after=0),))


def test_without_a_recognizer_the_call_ends_politely(play) -> None:
    recognizer = FakeRecognizer()
    recognizer.broken = True

    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]

    play(scene, recognizers=(recognizer,))


def test_without_a_model_the_call_ends_politely(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Who is this?")
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]
        assert len(call.brain.asked) == 2  # a hiccup would have been forgiven

    play(scene, brain=FakeBrain([VendorBusy("brain", "down")], [VendorBusy("brain", "down")]))


class Broken(FakeRecognizer):
    """Opens streams that break in a way that nobody foresaw."""

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> FakeRecognition:
        stream = await super().open(language=language, hints=hints)
        stream.queue.put_nowait(RuntimeError("nobody foresaw it"))
        return stream


def test_a_stream_that_breaks_in_a_way_nobody_foresaw_leaves_no_call_deaf(play) -> None:
    async def scene(call: Call) -> None:
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.FAILED)]

    play(scene, recognizers=(Broken(),))
