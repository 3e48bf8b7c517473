"""The labelled set is what it says, and the product takes its answers for what they are."""

from __future__ import annotations

import hashlib

import pytest

from tests.answers import labelled, scoring, scripts
from tests.answers.calling import call
from tests.answers.labelled import Answer
from tests.answers.scripts import LABELS, LANGUAGES, PARTS


@pytest.fixture(scope="module")
def tuning() -> list[Answer]:
    return labelled.build("tuning", each=1)


def first(answers: list[Answer], label: str, language: str = "en") -> Answer:
    return next(answer for answer in answers if (answer.label, answer.script.language) == (label, language))


def test_the_set_has_over_two_hundred_answers_of_every_kind_and_a_part_that_is_held_out() -> None:
    sizes = {part: sum(sum(counts.values()) for counts in labelled.ANSWERS[part].values()) for part in PARTS}
    assert sum(sizes.values()) >= 200
    assert sizes["held_out"] >= 100
    for part in PARTS:
        assert set(labelled.ANSWERS[part]) == set(LANGUAGES)
        assert all(set(counts) == set(LABELS) for counts in labelled.ANSWERS[part].values())


def test_what_is_held_out_shares_no_words_and_no_voice_with_what_is_tuned_on() -> None:
    words = {part: {s.line for s in scripts.read(part) if s.label not in ("silence", "fax")} for part in PARTS}
    assert not words["tuning"] & words["held_out"]
    for language in LANGUAGES:
        tuned, held_out = (set(labelled.SPEAKERS[part][language]) for part in PARTS)
        assert not tuned & held_out


def test_the_same_seed_is_the_same_audio(tuning: list[Answer]) -> None:
    def digest(answers: list[Answer]) -> str:
        return hashlib.sha256(b"".join(answer.mulaw for answer in answers)).hexdigest()

    assert digest(tuning) == digest(labelled.build("tuning", each=1))
    assert digest(tuning) != digest(labelled.build("tuning", seed=8, each=1))


@pytest.mark.parametrize(
    ("language", "label"),
    [*(("en", label) for label in LABELS), ("hi", "voicemail"), ("hi", "screening"), ("hi", "ivr")],
)
def test_an_answer_is_taken_for_what_it_is(tuning: list[Answer], language: str, label: str) -> None:
    outcome = call(first(tuning, label, language))

    assert outcome.decided == label, outcome
    assert bool(outcome.evidence) is (label not in ("human", "silence"))


def test_a_voicemail_records_one_message_whatever_the_carrier_adds(tuning: list[Answer]) -> None:
    answer = first(tuning, "voicemail")
    for verdict in ("machine_end_beep", "machine_end_silence"):
        at_s = answer.beeps_s[-1] - 0.2 if verdict.endswith("silence") else answer.beeps_s[-1] + 1.0
        assert call(answer, carrier=((at_s, verdict),)).recorded == 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", PARTS)
def test_machines_are_found_and_no_person_is_taken_for_one(part: str) -> None:
    scores = scoring.score([call(answer) for answer in labelled.build(part)])
    of = {score.label: score for score in scores.labels}
    assert of["human"].recall >= 0.97
    assert of["voicemail"].recall >= 0.85
    assert of["fax"].recall >= 0.9
    assert min(of[label].precision for label in ("voicemail", "screening", "ivr", "fax")) >= 0.85
    assert scores.recorded_twice == 0
    assert scores.recorded_once >= 0.9 * scores.beeping
