"""Faults of the carrier: it accepts and does not say so, it is too busy, and its callbacks go astray."""

from __future__ import annotations

from tests.chaos.catalogue import fault
from tests.chaos.run import Run, posted
from tests.chaos.world import CPS


@fault("3", "the carrier accepts, then drops the reply (30 %)", quiet_s=120)
def replies_dropped(run: Run) -> None:
    """Whatever was accepted must be found again by asking, and never be sent again."""
    run.world.faults({"drop_reply": 0.3})
    run.struck()
    run.start(120)
    run.until_quiet(180)
    run.world.faults({})


@fault("4", "the carrier accepts, then answers 500 (30 %), with callbacks missing (30 %)", quiet_s=150)
def errors_after_accepting(run: Run) -> None:
    """An answer of 5xx says nothing: the call may ring. Half of these are not even told by a callback."""
    run.world.faults({"error_after_accept": 0.3, "callback_missing": 0.3})
    run.struck()
    run.start(120)
    run.until_quiet(240)
    run.world.faults({})


@fault(
    "5", "429 storm (60 %), 503 without accepting (10 %), more leads than calls per second", quiet_s=240, recovers_s=90
)
def too_many_requests(run: Run) -> None:
    """A 429 was never processed and its lead is due again; a 503 is unknown until the grace is over."""
    run.world.faults({"rate_limited": 0.6, "unwell": 0.1})
    run.struck()
    run.start(60, cps=3 * CPS)
    run.until(lambda: sum(line["status"] == 429 for line in run.lines("call.refused")) >= 20, 120, "20 answers of 429")
    run.world.faults({})
    run.struck()
    run.until_quiet(240)
    moments = sorted(posted(line) for line in run.lines("call.accepted") + run.lines("call.refused"))
    most = max(sum(1 for later in moments[i:] if later - moment < 1) for i, moment in enumerate(moments))
    run.notes.append(f"at most {most} requests in a second; {CPS:.0f} are allowed")
    assert most <= CPS * 1.2, f"{most} requests within a second: the carrier's pace is {CPS:.0f}"


@fault("18", "callbacks doubled, late, shuffled and missing (30 % each)", quiet_s=200)
def callbacks_astray(run: Run) -> None:
    """The end that we write must be the carrier's, whatever order we hear it in, or if we do not hear it at all."""
    run.world.faults(
        {"callback_duplicate": 0.3, "callback_late": 0.3, "callback_shuffled": 0.3, "callback_missing": 0.3}, late_s=8
    )
    run.struck()
    run.start(120)
    run.until_quiet(240)
    run.world.faults({})
