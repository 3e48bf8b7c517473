"""What a call was made of is freed as it ends: a search for garbage, which holds up all calls, finds none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dialer.conversation.facts import ToolWanted, TurnFinished
from dialer.errors import VendorBusy
from dialer.llm.base import ToolCall
from tests.garbage import garbage
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeTalker, run

Scene = Callable[[Call], Awaitable[None]]


async def in_the_opener(call: Call) -> None:
    await call.quiet(0.5)


async def in_mid_word(call: Call) -> None:
    await call.opener()
    await call.voice(0.5)


async def after_an_answer(call: Call) -> None:
    await call.opener()
    await call.say("Tell me more, please.")
    await call.until(lambda: call.hand.said()[-1] == ("agent", "talk", "All right."))


async def in_mid_answer(call: Call) -> None:
    await call.opener()
    await call.say("Tell me more, please.")
    await call.until(lambda: call.session._dialogue.speaking.active)
    await call.quiet(0.2)


async def after_interrupting(call: Call) -> None:
    call.brain.answers = [["We sell lamps of all kinds, ", "large and small, ", "and we tell you all about them."]]
    await call.opener()
    await call.say("Tell me more, please.")
    await call.quiet(1.0)
    await call.say("Wait, what does it cost?")
    await call.until(lambda: any(turn.interrupted for turn in call.hand.of(TurnFinished)))


async def while_a_tool_works(call: Call) -> None:
    call.brain.answers = [[ToolCall("1", "schedule_callback", "{}")]]
    await call.opener()
    call.hand.delay_s = 2.0
    await call.say("Call me tomorrow.")
    await call.until(lambda: call.hand.of(ToolWanted))


async def having_opted_out(call: Call) -> None:
    await call.opener()
    await call.say("Never call me again!")
    await call.until(call.running.done)


async def whose_recognizer_broke(call: Call) -> None:
    await call.opener()
    call.ears.queue.put_nowait(VendorBusy("ears", "gone"))
    await call.quiet(0.5)


async def whose_model_failed(call: Call) -> None:
    call.brain.answers = [[VendorBusy("brain", "gone")], [VendorBusy("brain", "gone")]]
    await call.opener()
    await call.say("Tell me more, please.")
    await call.until(call.running.done)


async def whose_voice_failed(call: Call) -> None:
    await call.opener()
    call.voices[0].breaks_after = 1
    await call.say("Tell me more, please.")
    await call.until(call.running.done)


@pytest.mark.parametrize(
    "scene",
    [
        in_the_opener,
        in_mid_word,
        after_an_answer,
        in_mid_answer,
        after_interrupting,
        while_a_tool_works,
        having_opted_out,
        whose_recognizer_broke,
        whose_model_failed,
        whose_voice_failed,
    ],
)
def test_a_call_that_ends_leaves_nothing(scene: Scene) -> None:
    run(left_by(scene))


async def with_its_model(call: Call) -> None:
    await call.opener()
    await call.voice(0.5)
    await call.quiet(0.3)
    await call.until(lambda: call.session._dialogue.speaking.active)


async def without_its_model(call: Call) -> None:
    await with_its_model(call)
    call.session._dialogue._talking.lose(VendorBusy("talker", "gone"))
    await call.quiet(0.5)


@pytest.mark.parametrize("scene", [in_the_opener, with_its_model, without_its_model])
def test_nor_does_one_by_a_speech_to_speech_model(scene: Scene) -> None:
    run(left_by(scene, talkers=(FakeTalker(),), agent={"speech_to_speech": ["talker"]}))


async def left_by(scene: Scene, **parts: Any) -> None:
    call = Call(**parts)
    with garbage() as left:
        await scene(call)
        if not call.running.done():
            await call.hang_up()
        await call.close()
        call.phone.on_mark = lambda _name: None
        del call.session, call.running, call.ticking
        await asyncio.sleep(10.0)  # what was told, and what was cancelled
    assert not left
