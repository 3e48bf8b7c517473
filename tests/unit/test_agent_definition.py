"""Agents' files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from dialer import resources
from dialer.agents.definition import AgentDefinition, read, spoken
from dialer.agents.wording import LineName, known_placeholders
from dialer.errors import BadInput
from dialer.languages import known
from dialer.languages.base import Language
from dialer.languages.hindi import HINDI

AGENT: dict[str, Any] = {
    "name": "Ada",
    "seller": "Acme",
    "opener": "Hi {first_name}, this is {agent}, an AI from {seller}.",
    "goal": "Find out whether they want a demo.",
}
LAWFUL = {"en-US": ("AI", "nine"), "hi-IN": ("एआई", "नौ")}
"""What every opener says: that this is an AI, and which key opts out."""
SHIPPED = sorted((resources.config_dir() / "agents").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_agents_are_valid_and_lawful(path: Path) -> None:
    agent = read(path)
    for word in ("{seller}", *LAWFUL[agent.language]):
        assert word in agent.opener
    assert agent.extraction["properties"]
    assert "{callback_number}" in agent.voicemail
    assert {"end_call", "do_not_call"} <= set(agent.tools)


def test_there_are_samples() -> None:
    assert len(SHIPPED) >= 2


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"opener": "Hi {surname}, this is an AI from Acme."}, "surname"),
        ({"tools": ["end_call", "do_not_call", "fly"]}, "tools"),
        ({"tools": ["end_call", "do_not_call", "transfer"]}, "transfer_to"),
        ({"tools": ["end_call"]}, "do_not_call"),
        ({"extraction": {"type": "array"}}, "extraction"),
        ({"extraction": {"type": "object", "properties": {"a": {"type": "banana"}}}}, "extraction"),
        ({"turntaking": {"endpoint_ms": 5}}, "endpoint_ms"),
        ({"vioce": "x"}, "vioce"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], names: str) -> None:
    with pytest.raises(ValidationError, match=names):
        AgentDefinition.model_validate(AGENT | change)


@pytest.mark.parametrize("text", ["name = ", 'name = "Ada"'])
def test_a_file_that_cannot_be_read_is_bad_input_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"broken\.toml"):
        read(path)


def test_what_the_lead_does_not_have_becomes_a_neutral_word() -> None:
    agent = AgentDefinition.model_validate(AGENT)
    assert agent.say(agent.opener, {"first_name": "Pat"}) == "Hi Pat, this is Ada, an AI from Acme."
    assert agent.say("Hi {first_name} at {company}, call {callback_number}.", {}) == (
        "Hi there at your company, call the number we called from."
    )


def test_a_version_is_known_by_its_content() -> None:
    agent = AgentDefinition.model_validate(AGENT)
    assert agent.sha256 == AgentDefinition.model_validate(dict(reversed(AGENT.items()))).sha256
    assert agent.sha256 != AgentDefinition.model_validate(AGENT | {"goal": "Sell a lamp."}).sha256


@pytest.mark.parametrize(
    ("number", "words"), [("+12125550142", "1, 2 1 2, 5 5 5, 0 1 4 2"), ("+442079460123", "4 4 2, 0 7 9, 4 6 0, 1 2 3")]
)
def test_numbers_are_read_digit_by_digit(number: str, words: str) -> None:
    assert spoken(number) == words


def test_an_agent_without_lines_of_its_own_says_those_of_its_language() -> None:
    hindi = AgentDefinition.model_validate(AGENT | {"language": "hi-IN"})
    assert hindi.goodbye == HINDI.lines["goodbye"]
    assert AgentDefinition.model_validate(AGENT).goodbye == "Thank you for your time. Goodbye."
    assert AgentDefinition.model_validate(AGENT | {"language": "hi-IN", "goodbye": "Bye."}).goodbye == "Bye."


def test_a_definition_that_was_stored_means_the_same_when_it_is_read_again() -> None:
    agent = AgentDefinition.model_validate(AGENT | {"language": "hi-IN", "filler": ""})
    again = AgentDefinition.model_validate(agent.model_dump(mode="json"))
    assert (again, again.filler, again.sha256) == (agent, "", agent.sha256)


def test_an_agent_goes_over_to_another_language_with_its_own_voice_and_lines() -> None:
    translation = {"voice": "kavya", "lines": {"goodbye": "{first_name} जी, नमस्ते।"}}
    agent = AgentDefinition.model_validate(AGENT | {"languages": ["hi-IN"], "translations": {"hi-IN": translation}})
    hindi = agent.speaking("hi-IN")
    assert (hindi.language, hindi.voice, hindi.filler) == ("hi-IN", "kavya", HINDI.lines["filler"])
    assert hindi.say(hindi.goodbye, {}) == "श्रीमान जी, नमस्ते।"
    assert agent.speaking("en-US") is agent


@pytest.mark.parametrize("language", known.ALL, ids=lambda language: language.code)
def test_every_language_has_every_line(language: Language) -> None:
    assert set(language.lines) == set(get_args(LineName))
    for line in language.lines.values():
        assert known_placeholders(line)
