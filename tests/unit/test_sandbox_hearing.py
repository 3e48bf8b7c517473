"""Recognition hears what was said from the audio alone: right on a clean line, wrong on a broken one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.audio import mulaw
from dialer.sandbox.heard import EarEvent, SpeechStarted, Tally, UnknownSpeech, WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import FRAME_BYTES, Utterance, Voices, Word, beep, silence, vendor_voice

SENTENCES = (
    "Hello, this is Ana from Acme Solar. Do you have a minute?",
    "Yes, I am interested, please tell me more about it.",
    "No thanks, we have already got one of the best of them for $3.50.",
    "Please never call me again.",
    "Call me on Tuesday at ten, or on my mobile: 555 0123.",
    "Who are you, and how did you get my number?",
    "I think you have the wrong number, there is no Peter here.",
    "It isn't a good time - try later?",
    "Yes.",
    "Yeah, sure.",
    "Hello?",
    "नमस्ते, मैं राहुल बोल रहा हूँ।",
)
VOICES = ("en-us", "en+f2", "en-us+m3", "hi")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


@pytest.fixture(scope="module")
def voices(registry: Registry) -> Voices:
    return Voices(registry)


def words(events: Iterable[EarEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, WordHeard)]


def spoken(*utterances: Utterance) -> list[str]:
    return [word.text for utterance in utterances for word in utterance.words]


def frames(utterance: Utterance) -> list[bytes]:
    audio = utterance.mulaw
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def hear(registry: Registry, audio: bytes) -> list[EarEvent]:
    ear = Ear(registry)
    return ear.feed(audio) + ear.finish()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_clean_line_gives_every_word(voices: Voices, registry: Registry, seed: int) -> None:
    dice = random.Random(seed)
    said = [
        voices.speak(
            dice.choice(SENTENCES), dice.choice(VOICES), dice.choice((150, 180)), noise=dice.choice((0.0, 0.01))
        )
        for _ in range(4)
    ]
    line = silence(dice.randrange(60)) + b"\xff" * dice.randrange(FRAME_BYTES)
    line += b"".join(utterance.mulaw + b"\xff" * dice.randrange(9000) for utterance in said)
    ear, heard, at = Ear(registry), list[EarEvent](), 0
    while at < len(line):
        size = dice.choice((FRAME_BYTES, dice.randrange(1, 500)))
        heard += ear.feed(line[at : at + size])
        at += size
    heard += ear.finish()

    assert words(heard) == spoken(*said)
    assert ear.tally == Tally(words=len(spoken(*said)))


def test_words_are_placed_in_the_stream(voices: Voices, registry: Registry) -> None:
    utterance = voices.speak(SENTENCES[0])

    heard = [e for e in hear(registry, silence(1000) + utterance.mulaw) if isinstance(e, WordHeard)]

    for event, word in zip(heard, utterance.words, strict=True):
        assert event.start_s == pytest.approx(1 + word.start / 8000)
        assert event.end_s == pytest.approx(1 + word.end / 8000)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda f: f[:20] + f[22:], id="lost"),
        pytest.param(lambda f: [*f[:20], *f[20:22], *f[20:22], *f[22:]], id="repeated"),
        pytest.param(lambda f: [*f[:20], f[21], f[20], *f[22:]], id="reordered"),
        pytest.param(lambda f: f[:20] + [silence(20)] * 3 + f[20:], id="late"),
    ],
)
def test_damaged_word_is_misheard_and_the_others_are_right(voices: Voices, registry: Registry, damage) -> None:
    utterance = voices.speak(SENTENCES[0])
    line = b"".join(damage(frames(utterance))) + silence(500)

    ear = Ear(registry)
    heard = words(ear.feed(line) + ear.finish())

    assert heard[0] != "Hello,"
    assert (ear.tally.words, ear.tally.broken_words) == (len(utterance.words) - 1, 1)
    assert heard[-len(utterance.words) + 1 :] == spoken(utterance)[1:]
    assert heard == words(hear(registry, line))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_bad_line_adds_no_words_and_keeps_their_times_in_order(voices: Voices, registry: Registry, seed: int) -> None:
    dice = random.Random(seed)
    utterance = voices.speak(SENTENCES[5])
    line = [frame for frame in frames(utterance) if dice.random() > 0.1]
    for _ in range(4):
        at = dice.randrange(len(line) - 1)
        line[at], line[at + 1] = line[at + 1], line[at]

    heard = [event for event in hear(registry, b"".join(line)) if isinstance(event, WordHeard)]

    assert len(heard) <= len(utterance.words)
    assert all(event.start_s < event.end_s for event in heard)
    assert [event.start_s for event in heard] == sorted(event.start_s for event in heard)


def test_word_that_lost_most_of_its_audio_is_missed(voices: Voices, registry: Registry) -> None:
    utterance = voices.speak(SENTENCES[0])

    assert words(hear(registry, b"".join(frames(utterance)[20:]))) == spoken(utterance)[1:]


def test_utterance_cut_for_another_is_heard_up_to_the_cut(voices: Voices, registry: Registry) -> None:
    first, second = voices.speak(SENTENCES[0]), voices.speak(SENTENCES[5])
    cut = first.words[4].end + 77

    assert words(hear(registry, first.mulaw[:cut] + second.mulaw)) == spoken(first)[:5] + spoken(second)


def test_utterances_that_share_audio_are_told_apart_by_what_follows() -> None:
    registry = Registry()
    maker = Voices(Registry())
    shared, left, right = (maker.speak(text).mulaw for text in ("shared", "left", "right"))
    ends = len(shared), len(shared) + len(left), len(shared) + len(right)
    one = Utterance("to left", shared + left, (Word("to", 0, ends[0]), Word("left", ends[0], ends[1])))
    two = Utterance("too right", shared + right, (Word("too", 0, ends[0]), Word("right", ends[0], ends[2])))
    registry.add(one)
    registry.add(two)

    assert words(hear(registry, one.mulaw)) == ["to", "left"]
    assert words(hear(registry, two.mulaw)) == ["too", "right"]


def test_speech_of_others_is_noticed_and_timed(registry: Registry) -> None:
    stranger = Voices(Registry()).speak("Nobody here has ever said anything like that.")

    heard = hear(registry, silence(500) + stranger.mulaw + silence(500))

    unknown = [event for event in heard if isinstance(event, UnknownSpeech)]
    assert len(unknown) == 1
    assert unknown[0].end_s - unknown[0].start_s == pytest.approx(stranger.seconds, abs=0.4)
    assert unknown[0].text == f"[speech {unknown[0].end_s - unknown[0].start_s:.1f} seconds]"
    assert not words(heard)


def test_silence_noise_and_tones_are_no_speech(registry: Registry) -> None:
    hiss = (np.random.default_rng(1).standard_normal(8000) * 40).astype("<i2").tobytes()

    assert hear(registry, silence(1000) + mulaw.encode(hiss) + beep() + silence(1000)) == []


def test_speech_is_announced_once_after_a_pause(voices: Voices, registry: Registry) -> None:
    utterance = voices.speak("Yes.")
    ear = Ear(registry)

    events = ear.feed(silence(1000) + utterance.mulaw + silence(1000) + utterance.mulaw)

    started = [event.at_s for event in events if isinstance(event, SpeechStarted)]
    assert started == [pytest.approx(1.0, abs=0.05), pytest.approx(2 + utterance.seconds, abs=0.05)]


def test_silence_is_measured_from_the_last_sound(voices: Voices, registry: Registry) -> None:
    ear = Ear(registry)
    ear.feed(voices.speak("Yes.").mulaw)
    before = ear.silent_ms
    ear.feed(silence(1000))

    assert ear.silent_ms == before + 1000


def test_same_words_are_the_same_audio_whenever_and_whatever_was_said_before() -> None:
    said = Voices(Registry()).speak(SENTENCES[0], "en-us+f3")
    time.sleep(1.1)  # espeak-ng's own random numbers begin with the clock's seconds
    later = Voices(Registry())
    later.speak("Something else first.", "hi")

    assert later.speak(SENTENCES[0], "en-us+f3") == said


def test_utterances_are_whole_frames_without_dead_ones_in_words(voices: Voices) -> None:
    utterance = voices.speak(SENTENCES[2])

    assert len(utterance.mulaw) % FRAME_BYTES == 0
    for word in utterance.words:
        inside = utterance.mulaw[word.start : word.end]
        assert bytes(FRAME_BYTES).replace(b"\0", b"\xff") not in inside


def test_every_written_word_has_its_place(voices: Voices) -> None:
    for text in SENTENCES:
        utterance = voices.speak(text, "hi" if text[0] > "z" else "en-us")
        assert spoken(utterance) == [word for word in text.split() if any(c.isalnum() for c in word)]
        assert all(0 <= w.start < w.end <= len(utterance.mulaw) for w in utterance.words)


def test_unknown_voice_is_refused(voices: Voices) -> None:
    with pytest.raises(ValueError, match="no such voice"):
        voices.speak("Hello", "klingon-at-warp")


def test_vendor_voices_differ_and_stay() -> None:
    names = {vendor_voice(f"voice{n}") for n in range(30)}

    assert len(names) > 4
    assert vendor_voice("21m00Tcm4TlvDq8ikWAM") == vendor_voice("21m00Tcm4TlvDq8ikWAM")
    assert vendor_voice("21m00Tcm4TlvDq8ikWAM", "hi-IN").startswith("hi+")


def test_oldest_utterances_are_forgotten() -> None:
    registry = Registry(limit=2)
    voices = Voices(registry)
    first, *later = (voices.speak(text) for text in SENTENCES[:3])

    assert words(hear(registry, first.mulaw + silence(500))) == []
    assert words(hear(registry, b"".join(u.mulaw for u in later))) == spoken(*later)
