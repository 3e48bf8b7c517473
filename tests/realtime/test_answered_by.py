"""A call that an answerphone or a screener answers."""

from __future__ import annotations

import asyncio

from dialer.conversation.facts import (
    Ending,
    EndReason,
    MachineHeard,
    OpenerCompleted,
    TurnFinished,
)
from tests.realtime.calling import MESSAGE, Call


def test_voicemail_waits_for_the_end_of_the_greeting_and_leaves_its_message_once(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("You have reached Pat. Please leave a message after the tone.", 3.0)
        await call.until(lambda: call.hand.of(MachineHeard))
        assert call.phone.clears
        await call.voice(1.0)
        greeting_over = call.loop.time()
        await call.until(lambda: call.running.done())
        assert call.hand.of(MachineHeard)[0].verdict == "voicemail"
        message = [turn for turn in call.hand.of(TurnFinished) if turn.kind == "voicemail"]
        assert [turn.text for turn in message] == [MESSAGE]
        assert message[0].started_s + 1000 >= greeting_over - 0.1
        assert call.hand.facts[-1].reason is EndReason.VOICEMAIL
        assert call.brain.asked == []

    play(scene)


def test_carrier_verdict_of_a_finished_greeting_leaves_the_message_at_once(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(1.0)
        call.session.machine("machine_end_beep")
        await call.until(lambda: call.running.done())
        assert ("agent", "voicemail", MESSAGE) in call.hand.said()

    play(scene)


def test_screener_is_told_who_calls_and_the_person_is_talked_to(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        assert call.hand.of(MachineHeard)[0].verdict == "screening"
        await call.say("Thank you, please hold on.", 1.5)
        await call.quiet(2.0)
        assert call.brain.asked == []
        assert not call.hand.of(OpenerCompleted)
        await call.say("Hello, Pat here.")
        await call.opener()
        assert call.hand.of(MachineHeard)[-1].verdict == "human"
        await call.say("Yes, what is it about?")
        await call.until(lambda: call.hand.said()[-1][2] == "All right.")

    play(scene)


def test_screener_that_seemed_a_person_is_a_screener_after_all(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        await call.say("Hello? Is anybody there?", 1.5)
        await call.opener()
        await call.voice(1.0)
        call.ears.hear("This person is not available. Goodbye.")
        await asyncio.sleep(0)
        await call.hang_up()
        assert call.hand.facts[-1].reason is EndReason.SCREENED

    play(scene)


def test_screener_that_turns_us_away_ends_the_call(play) -> None:
    async def scene(call: Call) -> None:
        await call.say("Please state your name and why you are calling.", 2.0)
        await call.until(lambda: call.hand.said() and call.hand.said()[-1][1] == "screening")
        await call.say("This person is not available. Goodbye.", 2.0)
        await call.until(lambda: call.running.done())
        assert call.hand.of(Ending) == [Ending(EndReason.SCREENED)]

    play(scene)
