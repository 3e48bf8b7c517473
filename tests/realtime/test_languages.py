"""The person's language is the agent's, if it has it."""

from __future__ import annotations

from typing import Any

from dialer.conversation.facts import OptedOut, TurnFinished
from dialer.languages.hindi import HINDI
from tests.realtime.calling import CONFIRMATION, Call
from tests.realtime.scripted import FakeBrain, FakeVoice

BOTH: dict[str, Any] = {"languages": ["hi-IN"], "translations": {"hi-IN": {"voice": "kavya"}}}


class ListeningVoice(FakeVoice):
    """Remembers in which language and voice it spoke."""

    def __init__(self) -> None:
        super().__init__()
        self.spoke: list[tuple[str, str, str]] = []

    def speak(self, text: str, *, voice: str, language: str) -> Any:
        self.spoke.append((text, voice, language))
        return super().speak(text, voice=voice, language=language)


def system(call: Call) -> str:
    return call.brain.asked[-1][0].text


def test_whoever_speaks_hindi_is_answered_in_hindi(play) -> None:
    voice = ListeningVoice()

    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("आप कौन बोल रहे हैं?")
        await call.until(lambda: call.hand.said()[-1][2] == "मैं Ada हूँ। कीमत ₹500 है।")
        assert "Speak Hindi" in system(call)
        assert voice.spoke[-1] == ("कीमत पाँच सौ रुपये है।", "kavya", "hi-IN")

    play(scene, brain=FakeBrain(["मैं Ada हूँ। ", "कीमत ₹500 है।"]), voices=(voice,), agent=BOTH)


def test_a_language_is_spoken_when_it_is_asked_for(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Hindi please.")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert "Speak Hindi" in system(call)
        await call.say("Can we speak English again?")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 5)
        assert "Speak English" in system(call)

    play(scene, brain=FakeBrain(["ठीक है।"], ["Sure."], ["Sure."]), agent=BOTH)


def test_a_loan_word_changes_nothing(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("Namaste.")
        await call.until(lambda: call.brain.asked)
        assert "Speak English" in system(call)

    play(scene, agent=BOTH)


def test_short_answers_change_the_language_when_they_go_on(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("जी बोलिए")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        await call.say("सुन रहा")
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 5)
        assert "Speak Hindi" in system(call)

    play(scene, agent=BOTH)


def test_an_agent_of_one_language_stays_with_it(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("आप कौन बोल रहे हैं?")
        await call.until(lambda: call.brain.asked)
        assert "Speak English" in system(call)

    play(scene)


def test_an_opt_out_in_hindi_is_confirmed_in_hindi(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("मुझे दोबारा फ़ोन मत कीजिए।")
        await call.until(lambda: call.running.done())
        assert call.hand.of(OptedOut) == [OptedOut("words", "मुझे दोबारा फ़ोन मत कीजिए।")]
        assert call.hand.said()[-1][2] == HINDI.lines["opt_out_confirmation"]

    play(scene, agent=BOTH)


def test_an_agent_without_hindi_honours_an_opt_out_in_hindi(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say("मुझे दोबारा फ़ोन मत कीजिए।")
        await call.until(lambda: call.running.done())
        assert call.hand.of(OptedOut)
        assert call.hand.said()[-1][2] == CONFIRMATION

    play(scene)


def test_the_recognizer_is_told_to_expect_several_languages(play) -> None:
    async def scene(call: Call) -> None:
        await call.quiet(0.1)
        assert call.recognizers[0].languages == ["multi"]

    play(scene, agent=BOTH)
