"""What the figures of a turn mean. Times are in seconds on an invented clock."""

from __future__ import annotations

import pytest

from dialer.agents.turntaking import Turntaking
from dialer.conversation.endpointing import Endpointer
from dialer.conversation.timings import Opening, Timings
from dialer.speech.base import Heard

SETTINGS = Turntaking(endpoint_ms=500, endpoint_sure_ms=200)


def reply() -> Timings:
    """Last word at 10, turn over at 10.6 of which 0.1 waited for words, model 0.3, voice 0.2, 0.05 in between."""
    timings = Timings(last_word_s=10.0, stt_final_s=10.5, turn_over_s=10.6, stt_wait_s=0.1)
    timings.sentence(10.62, 10.92)
    timings.round_over(10.62, 11.5)
    timings.asked_s, timings.first_audio_s, timings.sent_s = 10.93, 11.13, 11.15
    return timings


def test_a_reply_is_told_without_what_the_vendors_took() -> None:
    told = reply().as_ms()

    assert told["sent"] == 1150
    assert (told["stt_wait"], told["llm"], told["ttfa"]) == (100, 300, 200)
    assert told["turn_latency_over_vendor_ms"] == 1150 - 100 - 300 - 200
    assert told["endpoint_wait"] == 500


def test_a_round_for_a_tool_alone_is_the_models_time_and_the_tool_is_ours() -> None:
    timings = Timings(last_word_s=10.0, turn_over_s=10.5)
    timings.round_over(10.5, 10.9)
    timings.sentence(11.9, 12.1)
    timings.asked_s, timings.first_audio_s, timings.sent_s = 12.1, 12.3, 12.3

    told = timings.as_ms()

    assert told["llm"] == 600
    assert told["turn_latency_over_vendor_ms"] == 500 + 1000


def test_what_answers_nobody_has_no_latency() -> None:
    timings = reply()
    timings.last_word_s = 0.0

    assert timings.as_ms() == {"ttfa": 200}


@pytest.mark.parametrize(
    ("final_s", "delay_s", "wait_s"),
    [
        (2.4, 0.1, 0.0),  # hidden in the silence that is waited for anyhow
        (2.55, 0.1, 0.05),
        (2.8, 0.1, 0.1),  # the rest of the 0.3 is the recognizer's endpointing, which we set
        (2.8, 0.0, 0.0),  # not known, so ours
    ],
)
def test_only_a_delay_that_put_off_the_turns_end_is_the_recognizers(
    final_s: float, delay_s: float, wait_s: float
) -> None:
    turn = Endpointer(SETTINGS)
    turn.voice(1.0, 2.0)
    turn.words(Heard("I was thinking about it", is_final=True), final_s, delay_s)

    assert turn.stt_wait_s() == pytest.approx(wait_s)


def test_a_seat_that_took_a_call_over_tells_nothing_about_the_answer() -> None:
    assert Opening(answered_s=1.0, seated_s=2.0, began_s=3.0).as_ms(3.5) == {
        "answer_to_first_audio_ms": 2500,
        "seat_to_first_audio": 1500,
        "stream_to_first_audio": 500,
    }
    assert "answer_to_first_audio_ms" not in Opening(seated_s=2.0, began_s=3.0).as_ms(3.5)
