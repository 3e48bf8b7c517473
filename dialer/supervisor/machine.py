"""One machine from start to stop: servers, migration, workers, and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

from dialer import db, embedded
from dialer.errors import DialerError
from dialer.settings import Settings
from dialer.supervisor.programs import Command
from dialer.supervisor.roster import STOP_ORDER, Roster
from dialer.supervisor.supervisor import Supervisor

HANG_UP_S = 5.0


def run(
    roster: Roster,
    settings: Settings,
    *,
    tell: Callable[[str], None],
    prepare: Callable[[], object],
    work: Callable[[Supervisor, threading.Event], None],
    stop_order: tuple[tuple[str, ...], ...] = STOP_ORDER,
) -> None:
    """Run everything until it is told to stop, by a signal or by `work`; leave nothing running.

    Args:
        roster: what runs.
        settings: with `data_dir` absolute and the URLs filled in.
        tell: says one line to the operator.
        prepare: is called once the servers are up and before the workers start: migrates.
        work: is called in a thread of its own once everything is up; sets the event when it is through. For `up` it
            only says where things are.
        stop_order: names of what stops together, group after group.

    Raises:
        Conflict: the data directory is in use.
        BadInput, DialerError: something could not be started. Whatever `work` raises comes out, too.
    """
    stop = threading.Event()
    failures: list[BaseException] = []
    supervisor = Supervisor(settings.data_dir / "run", tell, before_hurry=lambda: hang_up_live_calls(settings, tell))

    def guarded() -> None:
        try:
            work(supervisor, stop)
        except BaseException as error:  # noqa: BLE001, RUF100 - it is raised again by the thread that started this one
            failures.append(error)
            stop.set()

    for program in (*roster.servers, *roster.workers):
        if isinstance(program, Command):
            program.prepare()  # a port in use is told before anything is made or started
    with embedded.hold(settings.data_dir), _signals(stop, supervisor.hurry, tell):
        worker = threading.Thread(target=guarded, name="work", daemon=True)
        try:
            supervisor.start(roster.servers, stop)
            if not stop.is_set():
                prepare()
                supervisor.start(roster.workers, stop)
            if not stop.is_set():
                worker.start()
                supervisor.watch(stop)
        finally:
            supervisor.stop(stop_order)
            if worker.ident is not None:
                worker.join(timeout=5)
    if failures:
        raise failures[0]


def hang_up_live_calls(settings: Settings, tell: Callable[[str], None]) -> None:
    """Ask the carrier to end every call that is open, within five seconds."""
    from sqlalchemy import select

    from dialer import wiring
    from dialer.calls.models import Call
    from dialer.calls.states import OPEN

    engine = db.engine(settings.database_url, pool_size=1)
    try:
        with db.sessions(engine)() as session:
            live = session.scalars(select(Call.carrier_id).where(Call.state.in_(OPEN), Call.carrier_id.is_not(None)))
            carrier_ids = [carrier_id for carrier_id in live if carrier_id]
        if not carrier_ids:
            return
        tell(f"Hanging up {len(carrier_ids)} live call(s).")
        carrier = wiring.carrier(settings)
        pool = ThreadPoolExecutor(min(16, len(carrier_ids)))
        asked = [pool.submit(carrier.hang_up, carrier_id) for carrier_id in carrier_ids]
        pool.shutdown(wait=False)
        failed = sum(1 for hanging in asked if hanging.exception(timeout=HANG_UP_S) is not None)
        if failed:
            tell(f"{failed} call(s) could not be hung up; the carrier ends them at their maximum length.")
    except (DialerError, TimeoutError) as error:
        tell(f"Live calls could not be hung up ({error}); the carrier ends them at their maximum length.")
    finally:
        engine.dispose()


@contextmanager
def _signals(stop: threading.Event, hurry: threading.Event, tell: Callable[[str], None]) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into `stop` and the second into `hurry`."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            hurry.set()
        else:
            tell("Stopping. Live calls may end first (30 s at most); press Ctrl-C again to hang them up.")
            stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
