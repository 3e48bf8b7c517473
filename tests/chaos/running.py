"""Runs faults, one after the other, in worlds that they share; judges each, and says how to do it again."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

from tests.chaos import oracle, people
from tests.chaos.catalogue import Fault
from tests.chaos.run import NotQuiet, Run
from tests.chaos.world import Shape, World


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one fault."""

    fault: str
    title: str
    seed: int
    ok: bool
    calls: int = 0
    twice: int = 0
    never: int = 0
    lost: int = 0
    kills: int = 0
    strikes: int = 0
    unknowns: int = 0
    recovery_s: float = 0.0
    quiet_s: float = 0.0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    home: str = ""
    """Where the logs are, if it failed."""

    @property
    def replay(self) -> str:
        """The command that does it again."""
        return f"make chaos ONLY={self.fault} SEED={self.seed}"

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return asdict(self) | {"replay": self.replay}


def run(faults: list[Fault], seed: int, tell: Callable[[str], None] = lambda _: None) -> Iterator[Result]:
    """Run faults. A world in which one of them failed is left behind with its logs, and a new one begins."""
    with ExitStack() as stack:
        world: World | None = None
        shape: Shape | None = None
        phones = people.numbers(seed)
        for fault in faults:
            if world is None or shape != fault.shape:
                stack.close()
                tell(f"starting a world for fault {fault.number} and those after it")
                world, shape = stack.enter_context(World(seed, fault.shape)), fault.shape
                phones = people.numbers(seed)
            result = _one(fault, world, seed, phones)
            if not result.ok:
                world.keep, world = True, None
            yield result


def _one(fault: Fault, world: World, seed: int, phones: Iterator[str]) -> Result:
    began = time.monotonic()
    run = Run(world, fault.number, phones)
    quiet_s = 0.0
    verdict = oracle.Verdict(0, 0, 0, 0)
    broken: list[str] = []
    try:
        fault.inject(run)
        quiet_s = run.until_quiet(fault.quiet_s) if fault.at_rest else 0.0
        verdict = oracle.judge(run) if fault.at_rest else oracle.judge_dialing(run)
        broken = verdict.broken
        recovery_s = run.longest_recovery_s()
        if recovery_s > fault.recovers_s:
            broken = [*broken, f"it took {recovery_s:.1f} s to dial again; {fault.recovers_s:.0f} s are allowed"]
    except NotQuiet as error:
        broken = [str(error)]
    except Exception as error:  # the harness itself failed: that is a failure, too, and the others go on
        traceback.print_exc(file=sys.stderr)
        broken = [f"{type(error).__name__}: {error}"]
    return Result(
        fault=fault.number,
        title=fault.title,
        seed=seed,
        ok=not broken,
        calls=verdict.calls,
        twice=verdict.twice,
        never=verdict.never,
        lost=verdict.lost,
        kills=world.kills - run.kills_before,
        strikes=len(run.hits),
        unknowns=int(_quietly(run.unknowns)),
        recovery_s=round(_quietly(run.longest_recovery_s), 1),
        quiet_s=round(quiet_s, 1),
        seconds=round(time.monotonic() - began, 1),
        broken=broken,
        notes=run.notes,
        home="" if not broken else str(world.home),
    )


def _quietly(figure: Callable[[], float]) -> float:
    """A figure for the table, or 0 where the database is too broken to give it."""
    try:
        return figure()
    except Exception:  # it is reported as broken already
        return 0
