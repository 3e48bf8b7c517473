"""A card number that a person dictates or types in pieces stands nowhere once it is whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from dialer.conversation.facts import Briefing, Fact, PastTurn, Reply, Speaker, TurnFinished, TurnMasked
from dialer.conversation.masking import MASK
from dialer.conversation.transcript import Transcript
from tests.factories import definition
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeBrain, run

ASKS = "Please tell me your card number."


class Told:
    """The seat's thread, which notes what it is told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        self.facts.append(fact)
        replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        replied.set_result(Reply())
        return replied

    async def tell(self, fact: Fact) -> Reply:
        return await self.post(fact)


async def dictate(kind: str, past: tuple[PastTurn, ...], *groups: str) -> tuple[Transcript, Told]:
    hand = Told()
    call = Briefing(
        call_id="c1",
        epoch=1,
        agent=definition(),
        lead={},
        organization="o",
        from_number="+12125550100",
        to_number="+12125550101",
        direction="outbound",
        local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
        past=past,
    )
    transcript = Transcript.begin(call, hand, "Be brief.", lambda: None)
    for at, group in enumerate(groups):
        transcript.person(group, started_s=float(at), ended_s=at + 0.5, kind=kind)
        transcript.agent("Go on.", started_s=at + 0.6, ended_s=at + 0.9, kind="talk", interrupted=False, timings_ms={})
    return transcript, hand


def texts(transcript: Transcript) -> str:
    return " ".join(message.text for message in transcript.prompt())


def test_a_number_typed_in_groups_is_masked_in_rows_and_prompt() -> None:
    transcript, hand = run(dictate("digits", (), "4111", "1111", "1111", "1111"))

    assert "1111" not in texts(transcript)
    stored = {fact.number: fact.text for fact in hand.facts if isinstance(fact, TurnFinished)}
    stored |= {fact.number: fact.text for fact in hand.facts if isinstance(fact, TurnMasked)}
    assert [stored[number] for number in (1, 3, 5, 7)] == [MASK] * 4


def test_a_number_begun_before_the_call_changed_seats_is_masked_too() -> None:
    past = (
        PastTurn(1, 1, Speaker.AGENT, "Hello."),
        PastTurn(1, 3, Speaker.PERSON, "It's 4111 1111"),  # the agent's turn before was cut before a word was heard
        PastTurn(2, 1, Speaker.AGENT, "Sorry, I lost you for a moment."),
    )
    transcript, hand = run(dictate("talk", past, "11111111"))

    assert "1111" not in texts(transcript)
    assert [fact for fact in hand.facts if isinstance(fact, TurnMasked)] == [TurnMasked(1, 3, f"It's {MASK}")]


def test_keys_that_answer_a_question_for_the_card_are_never_stored() -> None:
    async def asked() -> Told:
        transcript, hand = await dictate(
            "digits", (PastTurn(1, 1, Speaker.AGENT, "Please type your card number."),), "4111"
        )
        assert "4111" not in texts(transcript)
        return hand

    stored = [fact.text for fact in run(asked()).facts if isinstance(fact, TurnFinished)]
    assert stored == [MASK, "Go on."]


def test_other_numbers_typed_in_groups_stay() -> None:
    transcript, hand = run(dictate("digits", (), "212", "555", "0142"))

    assert "[pressed keys] 555" in texts(transcript)
    assert not [fact for fact in hand.facts if isinstance(fact, TurnMasked)]


def test_the_first_group_of_a_card_that_was_asked_for_reaches_no_model(play) -> None:
    """Neither the draft of an answer, made before the turn is over, nor the search for knowledge has it."""

    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("I would like to pay.")
        await call.until(lambda: call.hand.said()[-1][2] == ASKS)
        await call.say("it is 4111 11", sure=False)
        await call.until(lambda: call.hand.said()[-1][2] == "Thank you.")
        assert "4111" not in str(call.hand.facts)
        assert "4111" not in str(call.brain.asked)
        assert len(call.brain.asked) == 2

    play(scene, brain=FakeBrain([ASKS], ["Thank you."]), agent={"knowledge": ["docs"]})
