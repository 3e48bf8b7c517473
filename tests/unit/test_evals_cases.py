"""Files of test cases: what they may say, and how a mistake in one is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dialer import resources
from dialer.agents.definition import AgentDefinition, read
from dialer.errors import BadInput
from dialer.evals import reading
from dialer.evals.cases import Case
from dialer.evals.running import lacks
from tests.factories import definition

GOOD = """
agent: Ava
lead: {first_name: Pat, company: Acme}
cases:
  - name: opts out
    lead: {first_name: Sam}
    person:
      lines: ["Yes?", {says: "Lose my number.", opts_out: true}, {presses: "9"}]
    expect: {outcome: do_not_call, tools: [do_not_call], says: "goodbye"}
"""


def written(folder: Path, text: str, name: str = "cases.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_short_forms_are_read(tmp_path: Path) -> None:
    (case,) = reading.collect([written(tmp_path, GOOD)], definition())

    assert [(line.says, line.presses, line.opts_out) for line in case.person.lines] == [
        ("Yes?", "", False),
        ("Lose my number.", "", True),
        ("", "9", False),
    ]
    assert case.expect.outcome == ("do_not_call",)
    assert [use.name for use in case.expect.tools] == ["do_not_call"]
    assert case.expect.says == ("goodbye",)
    assert case.lead == {"first_name": "Sam", "company": "Acme"}


def test_json_says_the_same(tmp_path: Path) -> None:
    body = {"cases": [{"name": "hears", "person": {"lines": ["Hello."]}}]}

    (case,) = reading.collect([written(tmp_path, json.dumps(body), "cases.json")], definition())

    assert case.name == "hears"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("cases: [{name: a, person: {lines: ['Hi'], sings: true}}]", "case 'a': person.sings: Extra inputs"),
        ("cases: [{name: a, person: {lines: ['Hi', {}]}}]", "case 'a': person.lines.2: a line says, presses"),
        ("cases: [{name: a, person: {lines: [Hi]}, expect: {outcome: sold}}]", "case 'a': expect.outcome.1: Input"),
        (
            "cases: [{name: a, person: {lines: [Hi]}, expect: {says: '('}}]",
            "case 'a': expect.says.1: '(' is no pattern",
        ),
        ("cases: [{name: a, person: {rules: [{hears: '[', says: x}]}}]", "case 'a': person.rules.1.hears: '['"),
        ("cases: [{name: a, person: {persona: x, lines: [Hi]}}]", "case 'a': person: persona: who is simulated"),
        ("cases: [{name: a, person: {}}]", "case 'a': person: lines: somebody must say something"),
        ("cases: [{name: a, zone: Mars/One, person: {then: wait}}]", "case 'a': zone: 'Mars/One' is no time zone"),
        ("cases: [{person: {then: wait}}]", "case 1: name: Field required"),
        (
            "cases: [{name: a, person: {then: wait}}, {name: a, person: {then: wait}}]",
            "cases: ['a'] is the name of two",
        ),
        ("cases: []", "cases: Tuple should have at least 1 item"),
        ("just words", "valid dictionary"),
        ("cases: [", "expected the node content"),
    ],
)
def test_a_mistake_is_told_with_file_case_and_field(tmp_path: Path, wrong: str, told: str) -> None:
    path = written(tmp_path, wrong)

    with pytest.raises(BadInput) as error:
        reading.read(path)

    assert str(error.value).startswith(f"{path}: ")
    assert told in str(error.value)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nothing\.yaml: .*No such file"):
        reading.read(tmp_path / "nothing.yaml")


def test_a_folder_gives_what_fits_the_agent(tmp_path: Path) -> None:
    person = "person: {then: wait}"
    written(tmp_path, f"agent: Ava\ncases: [{{name: hers, {person}}}]", "a.yaml")
    written(tmp_path, f"agent: Bo\ncases: [{{name: his, {person}}}]", "b.yml")
    written(tmp_path, f"language: hi\ncases: [{{name: hindi, {person}}}]", "c.yaml")
    written(tmp_path, f"cases: [{{name: everybody's, {person}}}]", "d.yaml")

    assert [case.name for case in reading.collect([tmp_path], definition())] == ["hers", "everybody's"]
    assert [case.name for case in reading.collect([tmp_path], definition(), only="HER")] == ["hers"]
    with pytest.raises(BadInput, match="There is no case named 'his' for Ava"):
        reading.collect([tmp_path], definition(), only="his")


def test_two_files_cannot_name_a_case_alike(tmp_path: Path) -> None:
    one, other = (written(tmp_path, GOOD, f"{name}.yaml") for name in "ab")

    with pytest.raises(BadInput, match=r"b\.yaml: case 'opts out': another file"):
        reading.collect([one, other], definition())


@pytest.mark.parametrize("path", sorted((resources.config_dir() / "agents").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_agent_has_shipped_cases(path: Path) -> None:
    agent = read(path)

    cases = [case for case in reading.collect([], agent) if not lacks(case, agent)]

    assert any(case.expect.ends == ("opt_out",) for case in cases)
    assert len({case.name for case in cases}) == len(cases) >= 4


def test_a_case_is_left_out_where_the_agent_lacks_what_it_is_about() -> None:
    case = Case.model_validate({"name": "a", "needs": ["transfer", "voicemail"], "person": {"then": "wait"}})

    assert lacks(case, definition(voicemail="")) == ("transfer", "voicemail")
    assert lacks(case, AgentDefinition.model_validate(definition().model_dump())) == ("transfer",)
