from __future__ import annotations

from collections.abc import Callable

from dialer.conversation.facts import Speaker, TurnFinished, TurnUnderstood
from dialer.understanding import analysis
from dialer.understanding.analysis import Understanding, Utterance
from dialer.understanding.analyst import Analyst
from dialer.understanding.labels import Emotion, Intent
from dialer.understanding.model import Model
from dialer.understanding.voice import Baseline
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeBrain

ANGRY = "This is ridiculous, you people keep calling me, I am sick and tired of it!"


class AtOnce(Analyst):
    """Understands where it is asked, without a thread: virtual time waits for none."""

    def submit(self, said: Utterance, model: Model, baseline: Baseline, done: Callable[[Understanding], None]) -> bool:
        done(analysis.understand(said, model, baseline))
        return True


class Late(Analyst):
    """Understands a turn only when the next one is to be understood."""

    def __init__(self) -> None:
        super().__init__()
        self._waits: Callable[[], None] | None = None

    def submit(self, said: Utterance, model: Model, baseline: Baseline, done: Callable[[Understanding], None]) -> bool:
        if self._waits is not None:
            self._waits()
        self._waits = lambda: done(analysis.understand(said, model, baseline))
        return True


class Overloaded(Analyst):
    """Has no room for anything."""

    def submit(self, said: Utterance, model: Model, baseline: Baseline, done: Callable[[Understanding], None]) -> bool:
        return False


def test_a_turn_is_understood_right_after_it_was_stored(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say(ANGRY)
        await call.until(lambda: call.hand.of(TurnUnderstood))
        turn = call.hand.before(TurnUnderstood)
        told = call.hand.of(TurnUnderstood)[0]
        assert (turn.text, turn.number) == (ANGRY, told.number)
        assert told.found.emotion is Emotion.ANGRY
        assert told.found.intent is Intent.COMPLAINT
        assert told.found.sentiment < -0.5
        assert told.found.voice is not None

    play(scene, analyst=AtOnce())


def test_the_next_answer_knows_how_the_person_sounds_and_a_later_one_does_not(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        for turn, words in enumerate((ANGRY, "It is about the bill.", "We live in Austin, Texas."), start=1):
            await call.say(words)
            await call.until(lambda answered=turn: len(call.hand.of(TurnFinished)) == 1 + 2 * answered)
        heard = [asked[0].text for asked in call.brain.asked]
        assert ["sounds annoyed" in system for system in heard] == [False, True, False]

    play(scene, brain=FakeBrain(), analyst=AtOnce())


def test_how_they_sounded_a_turn_ago_is_stored_and_steers_no_answer(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        for turn, words in enumerate((ANGRY, "It is about the bill.", "We live in Austin, Texas."), start=1):
            await call.say(words)
            await call.until(lambda answered=turn: len(call.hand.of(TurnFinished)) == 1 + 2 * answered)
        assert call.hand.of(TurnUnderstood)[0].found.emotion is Emotion.ANGRY
        assert not any("sounds annoyed" in asked[0].text for asked in call.brain.asked)

    play(scene, brain=FakeBrain(), analyst=Late())


def test_an_answer_never_waits_for_understanding(play) -> None:
    async def scene(call: Call) -> None:
        await call.opener()
        await call.say(ANGRY)
        await call.until(lambda: len(call.hand.of(TurnFinished)) == 3)
        assert call.hand.of(TurnFinished)[-1].speaker is Speaker.AGENT
        assert call.hand.of(TurnUnderstood) == []

    play(scene, analyst=Overloaded())
