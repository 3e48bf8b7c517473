"""A replay as it is told: what each side said then beside what it says now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dialer.evals import report
from dialer.evals.cases import Line
from dialer.evals.replaying import Replay
from dialer.evals.verdict import Latency, percentile

COLUMNS: Final = ("", "the agent then", "the agent now", "the person")
DIVERGES: Final = "≠"


def rows(replay: Replay) -> Iterator[tuple[str, ...]]:
    """One row an answer of the person's, under `COLUMNS`; a mark where it does not fit what the agent says now."""
    for step in replay.steps:
        why = f" ({DIVERGES} {step.diverges})" if step.diverges else ""
        yield DIVERGES if step.diverges else "", step.before, step.now, f"{told(step.line)}{why}"
    if replay.unsaid:
        yield DIVERGES, "", "(the call was over)", f"{len(replay.unsaid)} lines were not said any more"
    yield "", replay.recorded.closing, replay.closing, ""


def summary(replay: Replay) -> dict[str, Any]:
    """How the two calls differ, in a few words."""
    now = replay.verdict.result.disposition.value
    was = replay.recorded.outcome.value if replay.recorded.outcome else "not written"
    return {
        "outcome": now if now == was else f"{was} → {now}",
        "diverged": f"from the person's line {_first(replay)} on" if replay.diverged else "nowhere",
        "scores": ", ".join(
            f"{report.GOOD if good else report.BAD} {score}" for score, good in replay.verdict.scores().items()
        ),
        "reply ms p50/p95": f"{_replies(replay.recorded.replies_ms)} → {_replies(_now(replay))}",
    }


def as_json(replay: Replay) -> dict[str, Any]:
    """Everything that was found."""
    recorded = replay.recorded
    return {
        "call": str(recorded.call_id),
        "version_then": recorded.version.number,
        "outcome_then": recorded.outcome.value if recorded.outcome else None,
        "diverged": replay.diverged,
        "steps": [
            {"before": s.before, "now": s.now, "person": told(s.line), "diverges": s.diverges} for s in replay.steps
        ],
        "unsaid": [told(answered.line) for answered in replay.unsaid],
        "reply_p95_ms_then": percentile(recorded.replies_ms, 95),
        **report.conversation(replay.verdict),
    }


def told(line: Line) -> str:
    """What the person did."""
    return " ".join([line.says, *([f"[pressed {line.presses}]"] if line.presses else [])]).strip()


def _first(replay: Replay) -> int:
    return next(number for number, step in enumerate(replay.steps, 1) if step.diverges)


def _now(replay: Replay) -> tuple[float, ...]:
    return Latency.of([replay.verdict.held]).replies_ms


def _replies(values: tuple[float, ...]) -> str:
    middle, late = percentile(values, 50), percentile(values, 95)
    return "-" if middle is None or late is None else f"{middle:.0f}/{late:.0f}"
