"""What the sandbox's <Gather> takes from a person, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

from dialer.sandbox.carrier_gather import Gathering
from dialer.sandbox.media_line import Line
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices
from tests.realtime.scripted import run

PROMPT_S = 3.0


def gather(attributes: str, does: Callable[[Line, Voices], None], *, at_s: float) -> tuple[dict[str, str], float]:
    """Gather from a person who does something after so many seconds; return what came, and how long it took."""

    async def main() -> tuple[dict[str, str], float]:
        registry, line, loop = Registry(), Line(), asyncio.get_running_loop()
        voices, world = Voices(registry), SimpleNamespace(registry=registry)
        ticking = asyncio.ensure_future(tick(line))
        loop.call_later(at_s, does, line, voices)
        verb, began = ElementTree.fromstring(f"<Gather {attributes}/>"), loop.time()
        got = await Gathering(world, line, verb, 1.0).collect(asyncio.sleep(PROMPT_S))  # type: ignore[arg-type]
        ticking.cancel()
        return got, loop.time() - began

    result: Any = run(main())
    return result[0], result[1]


async def tick(line: Line) -> None:
    while True:
        line.tick()
        await asyncio.sleep(0.02)


def says(words: str) -> Callable[[Line, Voices], None]:
    return lambda line, voices: line.say(voices.speak(words).mulaw)


def presses(digit: str) -> Callable[[Line, Voices], None]:
    return lambda line, _: line.press(digit)


def test_speech_after_the_prompt_is_recognized_once_the_person_pauses() -> None:
    got, took_s = gather('input="dtmf speech" timeout="6"', says("What does it cost?"), at_s=PROMPT_S + 1)

    assert got["SpeechResult"] == "What does it cost?"
    assert PROMPT_S + 1 < took_s < PROMPT_S + 5


def test_speech_stops_the_prompt() -> None:
    got, took_s = gather('input="speech" timeout="6"', says("Stop."), at_s=0.5)

    assert got["SpeechResult"] == "Stop."
    assert took_s < PROMPT_S


def test_a_prompt_that_must_be_heard_is_not_stopped_by_speech() -> None:
    got, took_s = gather('input="speech" timeout="6" bargeIn="false"', says("Who is this?"), at_s=0.5)

    assert got["SpeechResult"] == "Who is this?"
    assert took_s > PROMPT_S - 0.01


def test_a_key_stops_even_that() -> None:
    got, took_s = gather('input="dtmf speech" numDigits="1" bargeIn="false"', presses("9"), at_s=0.5)

    assert got == {"Digits": "9"}
    assert took_s < 1.0


def test_nothing_in_time_is_nothing() -> None:
    got, took_s = gather('input="dtmf speech" timeout="2"', lambda line, _: None, at_s=0.1)

    assert got == {}
    assert took_s > PROMPT_S + 1.99


def talks_and_presses(line: Line, voices: Voices) -> None:
    says("Hello.")(line, voices)
    line.press("4")


def test_without_speech_among_its_input_only_keys_count() -> None:
    got, _ = gather('numDigits="2" timeout="2"', talks_and_presses, at_s=1.0)

    assert got == {"Digits": "4"}
