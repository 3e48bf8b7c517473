"""A recognizer whose socket is open and that says nothing any more: the next one hears what it did not."""

from __future__ import annotations

import pytest

from dialer.conversation.facts import EndReason, HandedIn, OptedOut, Speaker
from tests.realtime.calling import Call
from tests.realtime.scripted import FakeBrain, FakeRecognition, FakeRecognizer


class Signing(FakeRecognition):
    """Shows signs of life: at every word, and whenever it is asked for them."""

    def __init__(self) -> None:
        super().__init__()
        self.signs = 0
        self.mute = False

    def finalize(self) -> None:
        super().finalize()
        if not self.mute:
            assert self.signs is not None
            self.signs += 1

    def hear(self, text: str, *, is_final: bool = True, end_of_turn: bool = False, ended_s: float = 0.0) -> None:
        assert self.signs is not None
        self.signs += 1
        super().hear(text, is_final=is_final, end_of_turn=end_of_turn, ended_s=ended_s)


class Signer(FakeRecognizer):
    """Opens such streams; the words that each hears from the audio that it is given at its begin may be set."""

    hears = ""

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> FakeRecognition:
        await super().open(language=language, hints=hints)
        self.opened[-1] = stream = Signing()
        if self.hears:
            stream.hear(self.hears, end_of_turn=True)
        return stream


def heard(call: Call) -> list[str]:
    return [text for speaker, _, text in call.hand.said() if speaker == Speaker.PERSON]


def deaf(recognizer: Signer) -> None:
    stream = recognizer.opened[0]
    assert isinstance(stream, Signing)
    stream.mute = True


def test_the_next_recognizer_is_given_what_the_deaf_one_was_told(play) -> None:
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        deaf(first)
        second.hears = "Who is this?"
        await call.voice(1.0)
        spoken = call.loop.time()
        await call.until(lambda: heard(call) == ["Who is this?"])
        assert call.loop.time() - spoken < 4.0
        assert second.opened[0].fed >= 8000
        assert first.opened[0].closed
        await call.until(lambda: len(call.brain.asked) == 1)
        await call.hang_up()
        assert call.hand.of(HandedIn)[0].counters["stt_reopened"] == 1

    play(scene, recognizers=(first, second))


def test_one_that_dies_in_the_midst_of_a_long_sentence_is_noticed_before_its_end(play) -> None:
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        deaf(first)
        await call.voice(6.0)
        assert second.opened

    play(scene, recognizers=(first, second))


def test_noise_without_words_is_no_deafness(play) -> None:
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        for _ in range(4):
            await call.voice(4.0)
            await call.quiet(3.0)
        assert not second.opened
        assert len(first.opened) == 1

    play(scene, recognizers=(first, second), agent={"turntaking": {"silence_prompt_s": 60}})


def test_one_that_has_told_everything_need_not_answer(play) -> None:
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        first.opened[0].hear("Hello.", end_of_turn=True)
        await call.quiet(0.1)
        deaf(first)
        await call.quiet(5.0)
        assert not second.opened

    play(scene, brain=FakeBrain(["Yes."]), recognizers=(first, second))


@pytest.mark.parametrize(("goes_on_s", "missed"), [(0.1, False), (0.3, True)])
def test_only_what_is_more_than_the_last_sound_need_be_told(play, goes_on_s: float, *, missed: bool) -> None:
    """A quick recognizer's final words come while the voice detection still hears the last sound."""
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        await call.voice(1.0)
        deaf(first)
        first.opened[0].hear("Hello.", end_of_turn=True)
        await call.voice(goes_on_s)
        await call.quiet(5.0)
        assert bool(second.opened) is missed

    play(scene, brain=FakeBrain(["Yes."]), recognizers=(first, second))


def test_what_is_said_again_goes_in_pieces_of_a_tenth_of_a_second(play) -> None:
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        deaf(first)
        await call.voice(6.0)
        again = second.opened[0]
        assert again.lengths[:20] == [800] * 20

    play(scene, recognizers=(first, second))


def test_an_opt_out_that_a_deaf_recognizer_did_not_hear_counts_though_the_person_has_hung_up(play) -> None:
    first, second = Signer("first"), Signer("second")

    async def scene(call: Call) -> None:
        await call.opener()
        deaf(first)
        second.hears = "Never call me again."
        await call.voice(1.0)
        await call.quiet(0.3)
        await call.hang_up()
        assert call.hand.of(OptedOut) == [OptedOut("words", "Never call me again.")]
        assert call.hand.of(HandedIn)[0].reason is EndReason.OPT_OUT

    play(scene, recognizers=(first, second))
