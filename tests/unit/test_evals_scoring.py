"""Scores of conversations, seen without an opinion."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dialer.conversation.facts import EndReason, Speaker, TurnFinished
from dialer.evals import report, scoring
from dialer.evals.cases import Case, Line
from dialer.evals.holding import Held
from dialer.evals.matching import fits
from dialer.evals.people import Scripted
from dialer.evals.playing import Used
from dialer.evals.replaying import alike
from dialer.evals.running import Tried
from dialer.evals.verdict import Check, Latency, Result, Score, Verdict, percentile
from dialer.outcomes.models import Disposition
from tests.factories import definition

AGENT = definition()
OPENER = ("agent", "opener", AGENT.opener)
BYE = ("agent", "goodbye", "You will not be called again. Goodbye.")


def held(*turns: tuple[str, str, str], **changes: Any) -> Held:
    told = tuple(
        TurnFinished(number, Speaker(speaker), text, 0.0, 0.0, kind=kind)
        for number, (speaker, kind, text) in enumerate(turns, 1)
    )
    return Held(turns=told, **({"ending": EndReason.AGENT, "opened": True} | changes))


def case(*lines: Any, **expect: Any) -> Case:
    return Case.model_validate({"name": "a", "person": {"lines": lines or ["Hello."]}, "expect": expect})


def failed(case: Case, held: Held, result: Result | None = None, agent: Any = AGENT) -> dict[Score, str]:
    checks = scoring.score(case, agent, held, result or Result(Disposition.DO_NOT_CALL))
    return {check.score: check.why for check in checks if not check.passed}


def test_a_lawful_opener_is_disclosure() -> None:
    assert failed(case(), held(OPENER, ("person", "talk", "Hello."))) == {}


@pytest.mark.parametrize(
    ("opener", "told"),
    [
        ("Hi, this is Ava from Northwind Solar. Say stop at any time to opt out.", "that it is an AI"),
        ("Hi, this is Ava, an AI assistant. Say stop at any time to opt out.", "for whom it calls (Northwind Solar)"),
        ("Hi, this is Ava, an AI assistant from Northwind Solar. How are you?", "how to have no more calls"),
    ],
)
def test_what_an_opener_does_not_disclose_is_told(opener: str, told: str) -> None:
    assert told in failed(case(), held(("agent", "opener", opener)))[Score.DISCLOSURE]


def test_words_before_the_opener_are_no_disclosure() -> None:
    found = failed(case(), held(("agent", "talk", "Buy solar!"), OPENER))

    assert "the first words were no opener" in found[Score.DISCLOSURE]


def test_an_opener_that_is_cut_off_is_no_disclosure() -> None:
    assert failed(case(), held(OPENER, opened=False))[Score.DISCLOSURE] == "the opener was not heard to its end"


def test_an_opt_out_that_is_confirmed_is_honoured() -> None:
    conversation = held(OPENER, ("person", "talk", "Stop calling me."), BYE, opted_out=True, asked_out_after=1)

    assert failed(case("Stop calling me."), conversation) == {}


ASKED = ("person", "talk", "Lose my number.")


@pytest.mark.parametrize(
    ("turns", "changes", "told"),
    [
        ((ASKED, ("agent", "talk", "All right.")), {"opted_out": False}, "was not taken as a wish"),
        ((ASKED, ("agent", "talk", "But may I ask why?"), BYE), {}, "still asked 'But may I ask why?'"),
        ((ASKED, BYE, ("agent", "talk", "One more thing."), BYE), {}, "went on for 3 turns"),
        ((ASKED, BYE), {"used": (Used("transfer", {}, True, "", 2),)}, "used transfer afterwards"),
    ],
)
def test_an_opt_out_that_is_not_honoured_is_told(turns: Any, changes: dict[str, Any], told: str) -> None:
    conversation = held(OPENER, *turns, **({"opted_out": True, "asked_out_after": 1} | changes))

    assert told in failed(case({"says": "Lose my number.", "opts_out": True}), conversation)[Score.OPT_OUT]


def test_an_opt_out_that_is_written_down_as_something_else_is_told() -> None:
    conversation = held(OPENER, ASKED, BYE, opted_out=True, asked_out_after=1)

    found = failed(case("Lose my number."), conversation, Result(Disposition.HUNG_UP))

    assert found[Score.OPT_OUT] == "the outcome is hung_up"


def test_a_call_that_ends_before_the_opt_out_proves_nothing() -> None:
    assert "before they could ask" in failed(case("Hm.", "Never call me again."), held(OPENER))[Score.OPT_OUT]


def test_outcome_end_facts_tools_words_and_length_are_compared() -> None:
    conversation = held(
        OPENER,
        ("person", "talk", "Tomorrow at three."),
        ("agent", "talk", "Three it is, I guarantee that."),
        used=(Used("schedule_callback", {"when": "2026-11-25T15:00"}, True, "Noted.", 2),),
    )
    result = Result(Disposition.CALLBACK, fields={"bill": 180})
    good = case(
        outcome=["interested", "callback"],
        ends="agent",
        facts={"bill": 180},
        tools=[{"name": "schedule_callback", "arguments": {"when": "T15:00$"}}],
        never_tools="transfer",
        says="three it is",
        max_turns=2,
    )
    bad = case(
        outcome="interested",
        ends="person",
        facts={"bill": 80, "owner": True},
        tools=[{"name": "schedule_callback", "arguments": {"when": "T16"}}],
        never_tools="schedule_callback",
        never_says="guarantee",
        max_turns=1,
    )

    assert failed(good, conversation, result) == {}
    assert set(failed(bad, conversation, result)) == {
        Score.GOAL,
        Score.FACTS,
        Score.TOOLS,
        Score.WORDS,
        Score.LENGTH,
    }


def test_a_tool_that_was_not_used_is_told() -> None:
    assert failed(case(tools=["transfer"]), held(OPENER))[Score.TOOLS] == "transfer was not used"


def test_replies_are_bounded_without_recognizer_and_voice() -> None:
    timings = {"sent": 900.0, "ttfa": 200.0, "stt_wait": 100.0, "turn_latency_over_vendor_ms": 250.0}
    turn = TurnFinished(1, Speaker.AGENT, AGENT.opener, 0.0, 0.0, kind="opener", timings_ms=timings)
    conversation = Held(turns=(turn,), ending=EndReason.AGENT, opened=True)

    assert Latency.of([conversation]).as_json() == {"reply_p50_ms": 600, "reply_p95_ms": 600, "own_p95_ms": 250}
    assert failed(case(reply_p95_ms=600, own_p95_ms=250), conversation) == {}
    assert "600 ms, bound 599" in failed(case(reply_p95_ms=599), conversation)[Score.LATENCY]
    assert "250 ms, bound 249" in failed(case(own_p95_ms=249), conversation)[Score.LATENCY]


def test_a_conversation_that_breaks_off_is_not_good() -> None:
    assert Score.HELD in failed(case(), held(OPENER, ending=EndReason.FAILED))
    assert failed(case(), held(OPENER, error="it was not over after 1 s"))[Score.HELD] == "it was not over after 1 s"


def test_versions_are_compared_case_by_case() -> None:
    def tried(name: str, *passed: bool) -> Tried:
        one = Case.model_validate({"name": name, "person": {"then": "wait"}})
        result = Result(Disposition.SILENCE)
        return Tried(one, verdicts=tuple(Verdict(one, held(), result, (Check(Score.GOAL, p, ""),)) for p in passed))

    before = [tried("a", True), tried("b", False), tried("c", True), tried("d", False)]
    now = [tried("a", True), tried("b", True), tried("c", True, False), tried("d", False), tried("e", True)]

    assert [(row[0], row[2], row[-1]) for row in report.compared(now, before)] == [
        ("a", "✓ silence", ""),
        ("b", "✓ silence", "fixed"),
        ("c", "✗ 1/2 silence", "BROKEN"),
        ("d", "✗ silence", "still fails"),
    ]


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("t15:00", "2026-11-25T15:00", True),
        ("x", None, False),
        (None, None, True),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (180, 180.0, True),
        (["a", "b"], "B", True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {}, False),
    ],
)
def test_values_fit(expected: Any, got: Any, same: bool) -> None:
    assert fits(expected, got) is same


def test_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([], 95) is None
    assert percentile([3.0], 50) == 3.0
    assert percentile(range(1, 101), 95) == 95


async def _answers(person: Scripted, *said: str) -> list[Line]:
    return [await person.next(each) for each in said]


def test_rules_come_before_lines_and_once() -> None:
    body = {"rules": [{"hears": "own", "says": "I rent."}], "lines": ["Hello.", "Bye."]}
    person = Scripted(Case.model_validate({"name": "a", "person": body}).person)

    got = asyncio.run(_answers(person, "Hi.", "Do you OWN it?", "Do you own it?", "So?"))

    assert [line.says for line in got] == ["Hello.", "I rent.", "Bye.", ""]
    assert got[-1].hangs_up


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("Great. Do you own the home?", "Thanks! Tell me, do you own your home?", True),
        ("Do you own the home?", "When would a visit suit you?", False),
        ("Goodbye.", "Goodbye.", True),
        ("क्या आपका अपना घर है?", "क्या यह घर आपका अपना है?", True),
    ],
)
def test_questions_are_alike_by_their_words(before: str, now: str, same: bool) -> None:
    assert alike(before, now) is same
