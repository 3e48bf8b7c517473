from __future__ import annotations

import io
import pickle
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dialer.audio import mulaw
from dialer.errors import BadInput
from dialer.understanding import corpus, entities, model, note, words
from dialer.understanding.analysis import Utterance, understand
from dialer.understanding.labels import HEADS, SENTIMENTS, Emotion, Intent
from dialer.understanding.voice import FEATURES, Baseline, Prosody, measure

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("America/New_York"))
"""A Tuesday."""


def tone(hz: float, seconds: float = 1.0, amplitude: float = 6000) -> bytes:
    """A voice of sorts: a pulse train with harmonics, as mu-law."""
    at = np.arange(int(seconds * 8000)) / 8000
    wave = sum(np.sin(2 * np.pi * hz * n * at) / n for n in range(1, 6)) * amplitude / 2
    return mulaw.encode(wave.astype("<i2").tobytes())


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in entities.find(text, local_now=NOW, region="US")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Can you call me back tomorrow at five?", "2026-11-25T17:00-05:00"),
        ("Next Tuesday at 3 would be fine.", "2026-12-01T15:00-05:00"),
        ("Tuesday works.", "2026-12-01"),
        ("In two weeks.", "2026-12-08T10:00-05:00"),
        ("December 3rd at 10:30.", "2026-12-03T10:30-05:00"),
        ("At half past three.", "2026-11-24T15:30-05:00"),
        ("At 9 am.", "2026-11-25T09:00-05:00"),
        ("3 o'clock on Friday.", "2026-11-27T15:00-05:00"),
        ("Saturday morning is best.", "2026-11-28T09:00-05:00"),
        ("कल शाम पाँच बजे फोन कीजिए।", "2026-11-25T17:00-05:00"),
        ("मंगलवार को फोन करें।", "2026-12-01"),
        ("एक घंटे बाद कॉल कीजिए।", "2026-11-24T11:00-05:00"),
        ("kal subah phone kar lena.", "2026-11-25T09:00-05:00"),
    ],
)
def test_times_are_read_in_the_persons_own_time(text: str, value: str) -> None:
    assert found(text) == [("time", value)]


@pytest.mark.parametrize(
    "text", ["I may have sat on it.", "I march on, second to none.", "In the morning dew", "Sun tan"]
)
def test_words_that_only_look_like_times_are_none(text: str) -> None:
    assert [kind for kind, value in found(text) if kind == "time" and len(value) == 10] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We pay about two hundred dollars a month.", [("amount", "200 USD")]),
        ("It is $1,200.", [("amount", "1200 USD")]),
        ("दो हज़ार रुपये लगते हैं।", [("amount", "2000 INR")]),
        ("Two lakh rupees.", [("amount", "200000 INR")]),
        ("My name is Peter Miller.", [("name", "Peter Miller")]),
        ("मेरा नाम राजेश शर्मा है।", [("name", "राजेश शर्मा")]),
        ("It's john dot smith at example dot com.", [("email", "john.smith@example.com")]),
        ("You can reach me on 212 555 0100.", [("phone", "+12125550100")]),
        ("I'm not sure.", []),
    ],
)
def test_amounts_names_and_addresses_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize("hz", [90.0, 140.0, 220.0, 330.0])
def test_pitch_is_measured(hz: float) -> None:
    prosody = measure(tone(hz), 4)

    assert prosody is not None
    assert prosody.pitch_hz == pytest.approx(hz, rel=0.02)


def test_loudness_is_measured_and_pauses_are_left_out() -> None:
    soft, loud = measure(tone(150, amplitude=2000), 0), measure(tone(150, amplitude=8000), 0)
    paused = measure(tone(150) + mulaw.SILENCE * 8000, 4)
    whole = measure(tone(150), 4)

    assert soft is not None
    assert loud is not None
    assert paused is not None
    assert whole is not None
    assert loud.energy_dbfs - soft.energy_dbfs == pytest.approx(12.0, abs=0.5)
    assert paused.rate_sps == pytest.approx(whole.rate_sps, rel=0.15)


def test_silence_has_no_voice() -> None:
    assert measure(mulaw.SILENCE * 8000, 3) is None


def test_a_voice_is_compared_with_the_persons_own() -> None:
    usual, high = Prosody(-23.0, 120.0, 2.5, 4.5), Prosody(-23.0, 170.0, 2.5, 4.5)
    person = Baseline()
    at_first = person.deviations(high)[FEATURES.index("pitch")]
    for _ in range(4):
        person.learn(usual)

    assert person.deviations(usual)[FEATURES.index("pitch")] == pytest.approx(0.0, abs=0.3)
    assert person.deviations(high)[FEATURES.index("pitch")] > at_first + 1


def test_syllables_are_counted_in_both_scripts() -> None:
    assert words.syllables("banana") == 3
    assert words.syllables("नमस्ते") == 3


def test_same_words_are_the_same_vector_whatever_the_process() -> None:
    columns, values = words.vector("Hello there")

    assert columns[:3].tolist() == words.vector("hello THERE")[0][:3].tolist()
    assert float(values @ values) == pytest.approx(1.0)
    assert len(words.vector("")[0]) == 0


def test_every_answer_is_a_probability() -> None:
    judged = model.shipped().judge("How much does it cost?", np.zeros(len(FEATURES), dtype=np.float32))

    assert {question: tuple(shares) for question, shares in judged.items()} == HEADS | {"sentiment": SENTIMENTS}
    for shares in judged.values():
        assert sum(shares.values()) == pytest.approx(1.0, abs=0.01)


def test_a_model_survives_its_file() -> None:
    shipped = model.shipped()

    again = model.load(shipped.dump(), "default")

    assert again.judge("I am really annoyed!") == shipped.judge("I am really annoyed!")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("loading a model executed it",))


@pytest.mark.parametrize("content", ["pickle", "object array", "other labels", "not finite", "nothing"])
def test_a_file_that_is_no_model_is_refused_and_executes_nothing(content: str) -> None:
    file = io.BytesIO()
    if content == "pickle":
        file.write(pickle.dumps(Bomb()))
    elif content == "object array":
        np.savez(file, about=np.array([Bomb()], dtype=object))
    elif content == "other labels":
        np.savez(file, about=np.frombuffer(b'{"format":1,"buckets":1,"voice":[],"labels":{}}', dtype=np.uint8))
    elif content == "not finite":
        with np.load(io.BytesIO(model.shipped().dump())) as arrays:
            np.savez(file, **{**arrays, "emotion.bias": np.full(len(Emotion), np.nan, dtype=np.float32)})

    with pytest.raises(BadInput):
        model.load(file.getvalue(), "7")


def test_voice_tips_what_words_leave_open() -> None:
    upset = np.array([2.0, 2.0, 1.5, 1.5], dtype=np.float32)
    words_alone, with_voice = (model.shipped().judge("I have told you.", voice)["emotion"] for voice in (None, upset))

    assert with_voice["angry"] > 2 * words_alone["angry"]


def test_the_note_is_silent_unless_it_is_sure_and_quotes_nobody() -> None:
    angry = understand(
        Utterance("Shut up, you idiots, this is ridiculous!", b"", NOW, "US"), model.shipped(), Baseline()
    )
    plain = understand(Utterance("The roof is ten years old.", b"", NOW, "US"), model.shipped(), Baseline())

    assert "annoyed" in note.write(angry)
    assert "idiots" not in note.write(angry)
    assert note.write(plain) == ""


def test_a_wish_for_no_more_calls_is_understood_in_both_languages() -> None:
    for text in ("Never call this number again!", "दोबारा फोन मत करना!"):
        assert understand(Utterance(text, b"", NOW, "US"), model.shipped(), Baseline()).intent is Intent.DO_NOT_CALL


def test_the_split_keeps_a_text_on_one_side_and_does_not_depend_on_order() -> None:
    utterances = corpus.shipped()
    kept, held = corpus.split([*utterances, *utterances[:50]], "emotion")
    turned, _ = corpus.split([*utterances[:50], *reversed(utterances)], "emotion")

    assert not {one.text for one in kept} & {one.text for one in held}
    assert sorted(one.text for one in kept) == sorted(one.text for one in turned)
    assert {one.emotion for one in held} == set(Emotion)
