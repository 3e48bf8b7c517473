"""Every speech-to-speech model keeps the promises of its role over a real WebSocket, against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Message, ToolCall, ToolSpec, Usage
from dialer.sandbox.faults import FaultPlan
from dialer.speech2speech.base import Talk, Talker, Written
from dialer.speech2speech.gemini import GeminiTalker
from dialer.speech2speech.openai import OpenAITalker
from tests.sandbox_vendors import KEY, Sandbox, vendors

T = TypeVar("T")

INSTRUCTIONS = "You are Ana, an AI voice assistant calling on behalf of Acme Solar."
OPENER = Message("assistant", "Hello, this is Ana from Acme Solar. Do you have a minute?")
END_CALL = ToolSpec("end_call", "End the call.", {"type": "object", "properties": {}})
FRAME_BYTES = 160


def openai(sandbox: Sandbox, key: str = KEY) -> Talker:
    base = f"{sandbox.http}/openai/v1"
    return OpenAITalker(base_url=base, api_key=key, model="gpt-realtime", transcription_model="gpt-live-transcribe")


def gemini(sandbox: Sandbox, key: str = KEY) -> Talker:
    return GeminiTalker(base_url=f"{sandbox.http}/gemini/v1beta", api_key=key, model="gemini-3.8-live")


Make = Callable[..., Talker]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.world.faults.plan = FaultPlan()


@pytest.fixture(params=[openai, gemini], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    chosen: Make = request.param
    return chosen


class Conversation:
    """A person with a voice, on the line with the model."""

    def __init__(self, talk: Talk, sandbox: Sandbox) -> None:
        self.talk = talk
        self._sandbox = sandbox
        self._heard = talk.__aiter__()

    async def say(self, text: str) -> str:
        """Speak, pause, and return what the model understood."""
        mulaw = self._sandbox.world.voices.speak(text, voice="en-us+m3").mulaw
        self.talk.begin()
        for at in range(0, len(mulaw), FRAME_BYTES):
            self.talk.feed(mulaw[at : at + FRAME_BYTES])
        self.talk.finalize()
        async with asyncio.timeout(5):
            while not (heard := await anext(self._heard)).is_final or not heard.text:
                pass
        return heard.text

    async def reply(self) -> list[Any]:
        async with asyncio.timeout(10):
            return [piece async for piece in self.talk.reply()]


def hold(make: Make, sandbox: Sandbox, what: Callable[[Conversation], Awaitable[T]]) -> T:
    async def main() -> T:
        talk = await make(sandbox).open(
            instructions=INSTRUCTIONS, tools=(END_CALL,), voice="", language="en-US", hints=("Sam",)
        )
        try:
            talk.tell(OPENER)
            return await what(Conversation(talk, sandbox))
        finally:
            await talk.close()

    return asyncio.run(main())


def words(pieces: list[Any]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Written))


def audio(pieces: list[Any]) -> bytes:
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def test_person_is_understood_and_answered_aloud(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> tuple[str, list[Any]]:
        return await person.say("Are you a robot?"), await person.reply()

    understood, pieces = hold(make, sandbox, talk)

    assert understood.lower().startswith("are you a robot")
    assert words(pieces).startswith("Yes, I am an AI assistant")
    assert 1.0 < len(audio(pieces)) / 8000 < 15.0


def test_what_was_said_is_recognized_by_ear(make: Make, sandbox: Sandbox) -> None:
    from dialer.sandbox.heard import WordHeard
    from dialer.sandbox.hearing import Ear

    async def talk(person: Conversation) -> list[Any]:
        await person.say("Are you a robot?")
        return await person.reply()

    pieces = hold(make, sandbox, talk)
    ear = Ear(sandbox.world.registry)
    heard = [event.text for event in (*ear.feed(audio(pieces)), *ear.finish()) if isinstance(event, WordHeard)]

    assert " ".join(heard) == words(pieces)


def test_tool_is_wanted_and_its_result_gone_on_from(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> tuple[list[Any], list[Any]]:
        await person.say("No, I am not interested.")
        first = await person.reply()
        call = next(piece for piece in first if isinstance(piece, ToolCall))
        person.talk.used(call, "Done.")
        return first, await person.reply()

    first, second = hold(make, sandbox, talk)

    assert [piece.name for piece in first if isinstance(piece, ToolCall)] == ["end_call"]
    assert second


def test_cost_is_told(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Usage]:
        costs = [person.talk.usage]
        for text in ("Are you a robot?", "How much does it cost?"):
            await person.say(text)
            await person.reply()
            await asyncio.sleep(0.3)  # it is told after the reply
            costs.append(person.talk.usage)
        return costs

    none, one, two = hold(make, sandbox, talk)

    assert none == Usage()
    assert two.prompt_tokens > one.prompt_tokens > 0
    assert two.completion_tokens > one.completion_tokens > 0


def test_what_was_told_is_known(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Any]:
        person.talk.tell(Message("user", "Are you a robot?"))
        return await person.reply()

    assert words(hold(make, sandbox, talk)).startswith("Yes, I am an AI assistant")


def test_reply_that_is_given_up_does_not_mix_with_the_next(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Any]:
        await person.say("Are you a robot?")
        pieces = person.talk.reply()
        while not isinstance(await anext(pieces), bytes):
            pass
        await pieces.aclose()  # type: ignore[attr-defined]
        person.talk.cut(900, "Yes, I am an")
        await person.say("No, I am not interested.")
        return await person.reply()

    pieces = hold(make, sandbox, talk)

    assert "robot" not in words(pieces)
    assert "AI assistant" not in words(pieces)
    assert [piece.name for piece in pieces if isinstance(piece, ToolCall)] == ["end_call"]


def test_socket_that_breaks_in_a_reply_is_busy(make: Make, sandbox: Sandbox) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={f"{make.__name__}.talk_cut": 1.0})

    async def talk(person: Conversation) -> None:
        await person.say("Are you a robot?")
        await person.reply()

    with pytest.raises(VendorBusy):
        hold(make, sandbox, talk)


async def _nothing(person: Conversation) -> None:
    pass


@pytest.mark.parametrize(("fault", "error"), [("talk_outage", VendorBusy), ("talk_limited", VendorBusy)])
def test_vendor_that_takes_no_conversation_is_busy(
    make: Make, sandbox: Sandbox, fault: str, error: type[Exception]
) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={f"{make.__name__}.{fault}": 1.0})

    with pytest.raises(error):
        hold(make, sandbox, _nothing)


def test_wrong_key_is_refused_for_good(make: Make, sandbox: Sandbox) -> None:
    with pytest.raises(VendorRefused):
        hold(lambda world: make(world, "wrong"), sandbox, _nothing)


def test_words_that_were_not_heard_leave_openais_context(sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Any]:
        await person.say("Are you a robot?")
        await person.reply()
        person.talk.cut(900, "Yes, I am an")
        await person.say("Could you repeat that, please?")
        return await person.reply()

    assert "Acme" not in words(hold(openai, sandbox, talk))


def test_result_that_comes_after_an_interruption_does_not_answer_for_the_person(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Any]:
        await person.say("No, I am not interested.")
        call = next(piece for piece in await person.reply() if isinstance(piece, ToolCall))
        await person.say("Are you a robot?")
        person.talk.used(call, "Done.")
        return await person.reply()

    assert words(hold(make, sandbox, talk)).startswith("Yes, I am an AI assistant")


def test_passages_are_answered_from(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Any]:
        await person.say("How much does it cost?")
        person.talk.tell(Message("user", 'Passages: [{"text": "The cost is nine euros a month."}]'))
        return await person.reply()

    pieces = hold(make, sandbox, talk)

    assert "nine euros" in words(pieces)
    assert words(pieces).count("euros") == 1
    assert 0.5 < len(audio(pieces)) / 8000 < 15.0


def test_advice_is_heeded_and_forgets_nothing(make: Make, sandbox: Sandbox) -> None:
    async def talk(person: Conversation) -> list[Any]:
        person.talk.advise("How they are now: they sound curious.\nWhat you know:\n- The price is nine euros a month.")
        await person.say("How much does it cost?")
        first = await person.reply()
        person.talk.advise("")
        await person.say("Are you a robot?")
        return [*first, *await person.reply()]

    said = words(hold(make, sandbox, talk))

    assert "nine euros" in said
    assert "AI assistant" in said
    assert "Acme Solar" in said
