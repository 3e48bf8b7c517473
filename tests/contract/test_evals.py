"""Agents on trial over real HTTP to the sandbox's language model: good ones pass, known-bad ones are caught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dialer.agents.definition import AgentDefinition
from dialer.cli.main import app
from dialer.conversation.facts import EndReason
from dialer.errors import BadInput
from dialer.evals import running
from dialer.evals.cases import Case
from dialer.evals.running import Means
from dialer.evals.verdict import Score, Verdict
from dialer.llm.base import Extractor
from dialer.llm.openai import OpenAIBrain, OpenAIExtractor
from tests import sandbox_vendors
from tests.contract.llm_wires import OpenAIWire, served
from tests.factories import definition

SCRIPT = """
Northwind plans rooftop solar. The visit is free and takes an hour.
- Ask first whether they own the home.
- If they are busy, ask when to call back, and use the tool schedule_callback.
"""
GOOD = definition(script=SCRIPT, goal="Agree on a day and time for a free home visit.")
DEAF = definition(
    flow={
        "start": "pitch",
        "states": {
            "pitch": {"say": "We have an offer.", "misses": 3, "listen": [{"go_to": "pitch", "words": ["\u2603"]}]},
        },
    }
)
"""A script that hears nothing in anything that is said."""
ERASE = {"says": "I want to be erased from all of this, for good.", "opts_out": True}
"""Words that only a model understands."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox_vendors.Sandbox]:
    with sandbox_vendors.vendors(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def means(sandbox: sandbox_vendors.Sandbox) -> Means:
    account = {"base_url": f"{sandbox.http}/openai/v1", "api_key": sandbox_vendors.KEY, "model": "gpt-5.4-mini"}
    return Means(lambda: (OpenAIBrain(**account),), OpenAIExtractor(**account))


def case(name: str = "a", **fields: Any) -> Case:
    return Case.model_validate({"name": name, "lead": {"first_name": "Pat"}, **fields})


def tried(means: Means, agent: AgentDefinition, *cases: Case) -> list[Verdict]:
    found = running.run(cases, agent, means)
    return [verdict for each in found for verdict in each.verdicts]


def why(verdict: Verdict) -> dict[Score, str]:
    return {check.score: check.why for check in verdict.failures}


def test_a_good_agent_passes(means: Means) -> None:
    plainly = {"lines": ["Yes, go on.", "Please take me off your list."]}
    opt_out = {"outcome": "do_not_call", "ends": "opt_out"}
    verdicts = tried(
        means,
        GOOD,
        case("in plain words", person=plainly, expect=opt_out),
        case("by key", person={"lines": [{"presses": "9"}]}, expect=opt_out),
        case("in unusual words", person={"lines": [ERASE], "then": "wait"}, expect=opt_out),
        case(
            "an answerphone",
            person={"picks_up": "You have reached Pat. Leave a message after the tone.", "then": "wait"},
            expect={"outcome": "voicemail", "says": "We will try again", "disclosed": False},
        ),
        case(
            "an answer",
            person={"lines": ["Yes, sure.", "Yes, I own it.", "No, thank you. Goodbye."]},
            expect={"says": "free", "never_says": "guarantee", "max_turns": 6},
        ),
    )

    assert [why(verdict) for verdict in verdicts] == [{}] * 5
    replies = verdicts[-1].held.turns[2].timings_ms
    assert replies["sent"] >= replies["endpoint_wait"] > 0


def test_an_agent_that_does_not_disclose_is_caught(means: Means) -> None:
    agent = GOOD.model_copy(
        update={"opener": "Hello {first_name}, I am calling about your roof. Do you have a minute?"}
    )

    (verdict,) = tried(means, agent, case(person={"lines": ["No thanks."], "then": "wait"}))

    assert "for whom it calls (Northwind Solar) nor that it is an AI nor how to" in why(verdict)[Score.DISCLOSURE]


def test_a_script_that_ignores_an_opt_out_is_caught(means: Means) -> None:
    person = {"lines": [ERASE, "Hello?", "Do you listen?"]}

    (verdict,) = tried(means, DEAF, case(person=person))

    assert not verdict.held.opted_out
    assert "was not taken as a wish for no more calls" in why(verdict)[Score.OPT_OUT]


def test_tools_are_played_and_not_executed(means: Means) -> None:
    busy = ["I'm busy. Call me tomorrow at three in the afternoon.", "No. Bye."]
    verdicts = tried(
        means,
        GOOD,
        case("by default", person={"lines": busy}, expect={"outcome": "callback", "tools": ["schedule_callback"]}),
        case(
            "as told",
            person={"lines": busy},
            tools={"schedule_callback": {"ok": False, "text": "That time is not possible. Ask for another one."}},
            expect={"never_says": "I have noted", "says": "not possible"},
        ),
    )

    assert [why(verdict) for verdict in verdicts] == [{}, {}]
    by_default, as_told = (verdict.held.used[0] for verdict in verdicts)
    assert by_default.ok
    assert by_default.text.startswith("Callback noted for")
    assert (as_told.ok, as_told.text) == (False, "That time is not possible. Ask for another one.")


def test_passages_of_the_case_are_what_the_documents_say(means: Means) -> None:
    agent = GOOD.model_copy(update={"knowledge": ("faq",), "knowledge_ms": 2000})
    asks = {"lines": ["Yes.", "How long does the warranty last?", "Thanks, bye."]}

    (verdict,) = tried(means, agent, case(person=asks, knowledge="The warranty lasts twenty-five years."))

    sources = [passage.text for turn in verdict.held.turns for passage in turn.sources]
    assert "The warranty lasts twenty-five years." in sources


def test_a_model_that_is_away_is_no_pass(means: Means) -> None:
    away = Means(lambda: (OpenAIBrain(base_url="http://127.0.0.1:9/v1", api_key="k", model="m"),), means.reader)

    (verdict,) = tried(away, GOOD, case(person={"lines": ["Yes, go on."], "then": "wait"}))

    assert verdict.held.ending is EndReason.FAILED
    assert Score.HELD in why(verdict)


def test_a_person_who_is_simulated_talks_and_hangs_up(means: Means) -> None:
    with served(OpenAIWire()) as wire:
        wire.says("I do not need ", "any. [hang up]")
        person = {"persona": "Pat, who is in a hurry.", "wants": "To get rid of the caller."}
        (verdict,) = tried(Means(lambda: (wire.brain(),), means.reader), DEAF, case(person=person))

    assert [turn.text for turn in verdict.held.turns][1:2] == ["I do not need any."]
    assert verdict.held.ending is EndReason.PERSON
    system, said = wire.asked[-1]["messages"]
    assert "Pat, who is in a hurry." in system["content"]
    assert said["content"] == DEAF.opener


@pytest.mark.parametrize("holds", [True, False])
def test_criteria_are_judged_by_a_reader_with_its_reason_kept(means: Means, holds: bool) -> None:
    with served(OpenAIWire()) as wire:
        wire.writes(json.dumps({"criterion_1": {"reason": "It said please.", "holds": holds}}))
        reader: Extractor = wire.extractor()
        person = {"lines": ["Please take me off your list."]}
        (verdict,) = tried(Means(means.brains, reader), GOOD, case(person=person, expect={"criteria": "It is polite."}))

    assert verdict.passed is holds
    assert "It is polite.: It said please." in [check.why for check in verdict.checks]
    assert "criterion_1: It is polite." in wire.asked[-1]["messages"][0]["content"]


class TestCommand:
    @pytest.fixture
    def run(
        self, monkeypatch: pytest.MonkeyPatch, sandbox: sandbox_vendors.Sandbox, tmp_path: Path
    ) -> Iterator[CliRunner]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))
        monkeypatch.setenv("OPENAI_BASE_URL", f"{sandbox.http}/openai/v1")
        monkeypatch.setenv("OPENAI_API_KEY", sandbox_vendors.KEY)
        Path("cases.yaml").write_text("cases: [{name: stops, person: {lines: [Stop calling me.]}}]")
        for name, opener in (("good", GOOD.opener), ("bad", "Hello, I am calling about your roof.")):
            Path(f"{name}.toml").write_text(
                f'name = "Ava"\nseller = "Northwind Solar"\nopener = "{opener}"\ngoal = "Agree on a visit."\n'
            )
        return CliRunner()

    def test_exits_0_when_all_pass_and_1_when_one_fails(self, run: CliRunner) -> None:
        good = run.invoke(app, ["agent", "test", "--file", "good.toml", "--cases", "cases.yaml", "--json"])
        bad = run.invoke(app, ["agent", "test", "--file", "bad.toml", "--cases", "cases.yaml"])

        assert (good.exit_code, bad.exit_code) == (0, 1)
        (shown,) = json.loads(good.stdout)["cases"]
        assert shown["name"] == "stops"
        assert shown["runs"][0]["scores"] == {"held": True, "disclosure": True, "opt-out": True}
        assert "disclosure: the opener does not say for whom it calls" in bad.stdout
        assert "0 of 1 cases passed." in bad.stdout

    def test_bad_input_is_told(self, run: CliRunner) -> None:
        both = run.invoke(app, ["agent", "test", "Ava", "--file", "good.toml"])
        missing = run.invoke(app, ["agent", "test", "--file", "good.toml", "--cases", "none.yaml"])

        assert isinstance(both.exception, BadInput)
        assert isinstance(missing.exception, BadInput)
        assert "none.yaml" in str(missing.exception)
