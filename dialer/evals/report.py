"""What a test run is told as: objects for programs, rows for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from dialer.conversation.facts import TurnFinished
from dialer.evals.holding import Held
from dialer.evals.running import Tried
from dialer.evals.verdict import Latency, Score, Verdict, percentile

GOOD: Final = "✓"
BAD: Final = "✗"
UNSEEN: Final = "·"


def as_json(tried: Sequence[Tried]) -> dict[str, Any]:
    """Everything that was found."""
    return {
        "passed": all(each.passed for each in tried),
        "cases": [_case(each) for each in tried if not each.lacks],
        "skipped": [{"name": each.case.name, "lacks": list(each.lacks)} for each in tried if each.lacks],
        **Latency.of(verdict.held for each in tried for verdict in each.verdicts).as_json(),
    }


def table(tried: Sequence[Tried]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows, one a case. Of the scores those that were looked at in any."""
    seen = [score for score in Score if any(score in v.scores() for each in tried for v in each.verdicts)]
    columns = ("case", "", "outcome", *(score.value for score in seen), "turns", "reply ms p50/p95")
    return columns, list(_rows(tried, seen))


def _rows(tried: Sequence[Tried], seen: Sequence[Score]) -> Iterator[tuple[str, ...]]:
    for each in tried:
        if each.lacks:
            yield each.case.name, "-", f"not tried: no {', '.join(each.lacks)}", *[UNSEEN] * len(seen), "", ""
            continue
        outcomes = dict.fromkeys(verdict.result.disposition.value for verdict in each.verdicts)
        turns = {str(_turns(verdict.held)) for verdict in each.verdicts}
        scores = (_scored(each.verdicts, score) for score in seen)
        yield each.case.name, _passes(each.verdicts), ", ".join(outcomes), *scores, "/".join(sorted(turns)), reply(each)


def failures(tried: Sequence[Tried]) -> Iterator[tuple[str, Verdict]]:
    """Each conversation that was not good, with the name that it is told under."""
    for each in tried:
        for number, verdict in enumerate(each.verdicts, 1):
            if not verdict.passed:
                yield each.case.name + (f", run {number}" if len(each.verdicts) > 1 else ""), verdict


def told(held: Held) -> list[str]:
    """A conversation, a line a turn, with the tools where they were used."""
    lines = []
    for number, turn in enumerate(held.turns):
        lines += [f"  [tool] {use.name} {use.arguments} → {use.text}" for use in held.used if use.after == number]
        lines.append(f"  {turn.speaker}{_kind(turn)}: {turn.text or '(nothing was heard)'}")
    rest = (use for use in held.used if use.after >= len(held.turns))
    return [*lines, *(f"  [tool] {use.name} {use.arguments} → {use.text}" for use in rest)]


COMPARED: Final = ("case", "before", "now", "reply ms before", "reply ms now", "")


def compared(tried: Sequence[Tried], before: Sequence[Tried]) -> Iterator[tuple[str, ...]]:
    """Two versions' runs of the same cases side by side, under `COMPARED`."""
    known = {each.case.name: each for each in before}
    for each in tried:
        other = known.get(each.case.name)
        if other is None or each.lacks or other.lacks:
            continue
        changes = {(True, True): "", (False, False): "still fails", (True, False): "BROKEN", (False, True): "fixed"}
        outcomes = (", ".join(sorted({v.result.disposition.value for v in one.verdicts})) for one in (other, each))
        was, now = outcomes
        yield (
            each.case.name,
            f"{_passes(other.verdicts)} {was}",
            f"{_passes(each.verdicts)} {now}",
            reply(other),
            reply(each),
            changes[other.passed, each.passed],
        )


def reply(tried: Tried) -> str:
    """How long people waited for replies: median and 95th percentile."""
    middle, late = (percentile(tried.latency.replies_ms, percent) for percent in (50, 95))
    return "" if middle is None or late is None else f"{middle:.0f}/{late:.0f}"


def conversation(verdict: Verdict) -> dict[str, Any]:
    """One run."""
    held, result = verdict.held, verdict.result
    return {
        "passed": verdict.passed,
        "outcome": result.disposition.value,
        "ending": held.ending.value,
        "summary": result.summary,
        "fields": result.fields,
        "scores": {score.value: passed for score, passed in verdict.scores().items()},
        "checks": [{"score": c.score.value, "passed": c.passed, "why": c.why} for c in verdict.checks],
        "turns": [_turn(turn) for turn in held.turns],
        "tools": [
            {"name": use.name, "arguments": use.arguments, "ok": use.ok, "text": use.text, "after": use.after}
            for use in held.used
        ],
        "took_s": held.took_s,
        **Latency.of([held]).as_json(),
    }


def _case(tried: Tried) -> dict[str, Any]:
    runs = [conversation(verdict) for verdict in tried.verdicts]
    return {"name": tried.case.name, "passed": tried.passed, "runs": runs, **tried.latency.as_json()}


def _turn(turn: TurnFinished) -> dict[str, Any]:
    shown = {"speaker": turn.speaker.value, "kind": turn.kind, "text": turn.text}
    return shown | ({"timings_ms": dict(turn.timings_ms)} if turn.timings_ms else {})


def _kind(turn: TurnFinished) -> str:
    return "" if turn.kind == "talk" else f" ({turn.kind})"


def _turns(held: Held) -> int:
    return sum(1 for turn in held.turns if turn.text)


def _passes(verdicts: Sequence[Verdict]) -> str:
    good = sum(verdict.passed for verdict in verdicts)
    mark = GOOD if good == len(verdicts) else BAD
    return mark if len(verdicts) == 1 else f"{mark} {good}/{len(verdicts)}"


def _scored(verdicts: Sequence[Verdict], score: Score) -> str:
    """A mark: bad if any run was."""
    seen = [verdict.scores()[score] for verdict in verdicts if score in verdict.scores()]
    return UNSEEN if not seen else GOOD if all(seen) else BAD
