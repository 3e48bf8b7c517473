"""Runs faults, one after the other, in worlds that they share; judges each, and says how to do it again."""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

from tests.chaos import oracle, people
from tests.chaos.catalogue import Fault
from tests.chaos.run import NotQuiet, Run
from tests.chaos.world import Shape, World

LANES = 2
"""Silent worlds side by side: as many as two processors serve beside a live one without being late."""


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


def run(faults: list[Fault], seed: int) -> Iterator[Result]:
    """Run faults, and yield what came of each as it comes.

    Most of a fault is waiting, so they run in worlds side by side: those with live conversations in one that goes
    before the others, for it keeps real time, and the others in `LANES`. One of these takes the longest first and the
    other the shortest: the long ones keep the processors busy, and two of them would make each other late.
    """
    live = [fault for fault in faults if fault.shape.media]
    rest = [fault for fault in faults if not fault.shape.media]
    done: queue.SimpleQueue[Result] = queue.SimpleQueue()
    todos = [_Todo(live), _Todo(rest)]
    lanes = [Lane(todos[0], done, seed)] if live else []
    lanes += [Lane(todos[1], done, seed, longest=n % 2 == 0) for n in range(min(LANES, len(rest)))]
    for lane in lanes:
        lane.start()
    try:
        for _ in faults:
            yield done.get()
    finally:
        for todo in todos:
            todo.end()
        for lane in lanes:
            lane.abort()
        for lane in lanes:
            lane.join()


class _Todo:
    """What is still to be run."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = list(faults)
        self._lock = threading.Lock()

    def next(self, shape: Shape | None, *, longest: bool) -> Fault | None:
        """The longest or the shortest fault for a world of this shape, or of all; None if all is taken."""
        with self._lock:
            if not self._faults:
                return None
            fitting = [fault for fault in self._faults if fault.shape == shape] or self._faults
            fault = min(fitting, key=lambda fault: (-fault.seconds if longest else fault.seconds, fault.order))
            self._faults.remove(fault)
            return fault

    def end(self) -> None:
        """Give out nothing more."""
        with self._lock:
            self._faults.clear()


class Lane(threading.Thread):
    """Runs one fault after the other, in a world for as long as they agree on its shape.

    A world in which a fault failed is left behind with its logs, and a new one begins.
    """

    def __init__(self, todo: _Todo, done: queue.SimpleQueue[Result], seed: int, *, longest: bool = True) -> None:
        super().__init__(name="lane")
        self._todo, self._done, self._seed, self._longest = todo, done, seed, longest
        self._world: World | None = None

    def run(self) -> None:
        """Run faults until there are no more."""
        shape = None
        with ExitStack() as stack:
            while (fault := self._todo.next(shape, longest=self._longest)) is not None:
                try:
                    if self._world is None or shape != fault.shape:
                        stack.close()
                        self._world, shape = None, fault.shape
                        self._world = stack.enter_context(World(self._seed, shape))
                        phones = people.numbers(self._seed)
                    result = _one(fault, self._world, self._seed, phones)
                except Exception as error:  # no world, no verdict: that is a failure, too, and the others go on
                    traceback.print_exc(file=sys.stderr)
                    result = Result(fault.number, fault.title, self._seed, ok=False, broken=[repr(error)])
                if not result.ok and self._world is not None:
                    self._world.keep, shape = True, None
                self._done.put(result)

    def abort(self) -> None:
        """End the fault that runs, if one does."""
        if self._world is not None and self.is_alive():
            self._world.abort()


def _one(fault: Fault, world: World, seed: int, phones: Iterator[str]) -> Result:
    began = time.monotonic()
    run = Run(world, fault.number, phones)
    quiet_s = 0.0
    verdict = oracle.Verdict(0, 0, 0, 0)
    broken: list[str] = []
    try:
        fault.inject(run)
        quiet_s = run.until_quiet(fault.quiet_s)
        verdict = oracle.judge(run)
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
