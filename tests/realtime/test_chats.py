"""An agent that answers in writing: its model's words as they are."""

from __future__ import annotations

from datetime import UTC, datetime

from dialer.chats import answering
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import VendorBusy
from dialer.llm.base import Message
from tests.factories import definition
from tests.realtime.scripted import FakeBrain, run

LINKS = [
    "See https://acme.example/",
    "?",
    "day=1",
    " or write to pat",
    ".",
    "lee@acme.example",
    ".",
    "\nIs it Rs",
    ".",
    "500",
    "?",
]


def answered(*brains: FakeBrain) -> str:
    async def ask() -> str:
        agent = definition()
        system = answering.system(agent, {}, local_now=datetime(2026, 11, 24, 15, tzinfo=UTC))
        crew = Crew(LiveVendors((), (), brains))
        return (await answering.answer(crew, agent, [system, Message("user", "Where?")], ())).text

    text: str = run(ask())
    return text


def test_addresses_and_amounts_stay_whole_however_the_words_come() -> None:
    assert answered(FakeBrain(LINKS)) == "".join(LINKS)


def test_of_an_answer_that_breaks_off_the_whole_sentences_stay() -> None:
    breaks = FakeBrain(["It is in Austin", ".", " It costs", VendorBusy("brain", "cut")])
    assert (
        answered(breaks, FakeBrain(["It costs ten dollars."], name="next")) == "It is in Austin. It costs ten dollars."
    )
