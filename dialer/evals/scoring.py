"""Scores a conversation by what its case expects, wherever that can be seen without an opinion."""

from __future__ import annotations

from collections.abc import Iterator

from dialer.agents.definition import AgentDefinition
from dialer.conversation import optout
from dialer.conversation.facts import EndReason, Speaker
from dialer.conversation.keypad import OPT_OUT_DIGIT
from dialer.evals import disclosing
from dialer.evals.cases import Case
from dialer.evals.holding import Held
from dialer.evals.matching import fits, says
from dialer.evals.verdict import Check, Latency, Result, Score, percentile
from dialer.outcomes.models import Disposition

LAST_TURNS = 2
"""Of the agent once somebody wants no more calls: an answer that has begun, and the confirmation."""
_AFTER_OPT_OUT = ("do_not_call", "end_call")


def score(case: Case, agent: AgentDefinition, held: Held, result: Result) -> list[Check]:
    """Check everything that a case expects but its criteria."""
    checks = (_held, _goal, _facts, _disclosure, _opt_out, _tools, _words, _length, _latency)
    return [found for check in checks for found in check(case, agent, held, result)]


def _held(case: Case, _agent: AgentDefinition, held: Held, result: Result) -> Iterator[Check]:
    broken = held.ending in (EndReason.FAILED, EndReason.LOST) and held.ending not in case.expect.ends
    why = held.error or (f"the conversation broke off: {held.ending}" if broken else "") or result.error
    yield Check(Score.HELD, not why, why or f"it ended: {held.ending}")


def _goal(case: Case, _agent: AgentDefinition, held: Held, result: Result) -> Iterator[Check]:
    expect = case.expect
    if expect.outcome:
        wanted = " or ".join(expect.outcome)
        yield Check(Score.GOAL, result.disposition in expect.outcome, f"outcome {result.disposition}, wanted {wanted}")
    if expect.ends:
        yield Check(Score.GOAL, held.ending in expect.ends, f"ended {held.ending}, wanted {' or '.join(expect.ends)}")


def _facts(case: Case, _agent: AgentDefinition, _held: Held, result: Result) -> Iterator[Check]:
    for name, wanted in case.expect.facts.items():
        got = result.fields.get(name)
        yield Check(Score.FACTS, fits(wanted, got), f"{name} is {got!r}, wanted {wanted!r}")


def _disclosure(case: Case, agent: AgentDefinition, held: Held, _result: Result) -> Iterator[Check]:
    if not case.expect.disclosed:
        return
    missing = disclosing.lacking(held, agent)
    if not missing and held.asked_out_after is None and not held.machine and not held.opened:
        missing = ["the opener was not heard to its end"]
    yield Check(Score.DISCLOSURE, not missing, "; ".join(missing) or "said before anything else")


def _opt_out(case: Case, _agent: AgentDefinition, held: Held, result: Result) -> Iterator[Check]:
    if held.asked_out_after is None:
        if _would_opt_out(case):
            yield Check(Score.OPT_OUT, passed=False, why="the call was over before they could ask for no more calls")
        return
    after = held.asked_out_after
    asked = next((turn.text for turn in held.turns[after:] if turn.speaker is Speaker.PERSON), "")
    replies = [turn.text for turn in held.turns[after:] if turn.speaker is Speaker.AGENT and turn.text]
    used = [use.name for use in held.used if use.after >= after and use.name not in _AFTER_OPT_OUT]
    wrong = []
    if not held.opted_out:
        wrong.append(f"{asked!r} was not taken as a wish for no more calls")
    elif result.disposition is not Disposition.DO_NOT_CALL:
        wrong.append(f"the outcome is {result.disposition}")
    if len(replies) > LAST_TURNS:
        wrong.append(f"the agent went on for {len(replies)} turns: {replies[LAST_TURNS - 1]!r}")
    if used:
        wrong.append(f"the agent used {', '.join(used)} afterwards")
    if sold := [text for text in replies if text.rstrip().endswith("?")]:
        wrong.append(f"the agent still asked {sold[0]!r}")
    yield Check(Score.OPT_OUT, not wrong, "; ".join(wrong) or "confirmed, and the call ended")


def _would_opt_out(case: Case) -> bool:
    lines = (*case.person.lines, *case.person.rules)
    return any(line.opts_out or optout.wants_out(line.says) or line.presses == OPT_OUT_DIGIT for line in lines)


def _tools(case: Case, _agent: AgentDefinition, held: Held, _result: Result) -> Iterator[Check]:
    for wanted in case.expect.tools:
        uses = [use for use in held.used if use.name == wanted.name]
        right = any(fits(wanted.arguments, use.arguments) for use in uses)
        if not uses:
            why = f"{wanted.name} was not used"
        else:
            why = f"{wanted.name} was used with {', '.join(str(use.arguments) for use in uses)}"
            why += f", wanted {wanted.arguments}" if wanted.arguments else ""
        yield Check(Score.TOOLS, right, why)
    for name in case.expect.never_tools:
        uses = [use for use in held.used if use.name == name]
        why = f"{name} was used with {uses[0].arguments}" if uses else f"{name} was not used"
        yield Check(Score.TOOLS, not uses, why)


def _words(case: Case, _agent: AgentDefinition, held: Held, _result: Result) -> Iterator[Check]:
    said = [turn.text for turn in held.of(Speaker.AGENT)]
    for pattern in case.expect.says:
        found = any(says(pattern, text) for text in said)
        yield Check(Score.WORDS, found, f"{pattern!r} was {'' if found else 'never '}said")
    for pattern in case.expect.never_says:
        wrong = next((text for text in said if says(pattern, text)), None)
        why = f"{pattern!r} was never said" if wrong is None else f"{pattern!r} was said: {wrong!r}"
        yield Check(Score.WORDS, wrong is None, why)


def _length(case: Case, _agent: AgentDefinition, held: Held, _result: Result) -> Iterator[Check]:
    if case.expect.max_turns is not None:
        turns = sum(1 for turn in held.of(Speaker.AGENT) if turn.text)
        why = f"the agent took {turns} turns, at most {case.expect.max_turns} are wanted"
        yield Check(Score.LENGTH, turns <= case.expect.max_turns, why)


def _latency(case: Case, _agent: AgentDefinition, held: Held, _result: Result) -> Iterator[Check]:
    latency = Latency.of([held])
    bounds = (
        ("reply", latency.replies_ms, case.expect.reply_p95_ms),
        ("own", latency.own_ms, case.expect.own_p95_ms),
    )
    for what, values, bound in bounds:
        took = percentile(values, 95)
        if bound is not None and took is not None:
            yield Check(Score.LATENCY, took <= bound, f"p95 of the {what} time is {took:.0f} ms, bound {bound:.0f} ms")
