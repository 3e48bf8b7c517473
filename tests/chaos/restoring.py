"""A database that is put back to an older state."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from sqlalchemy.exc import OperationalError

from dialer import embedded
from dialer.calls import gate
from tests.chaos.catalogue import fault
from tests.chaos.run import Run
from tests.chaos.world import Shape

ALONE = Shape(lead_workers=2, grace_s=19.0)
"""A world that serves no other fault: what was sent to the CRMs in the gap is not in the rows."""
WORKERS = ("beat", "campaigns", "leads", "leads-2", "calls-1", "calls-2", "results", "web")


@fault(
    "23",
    "PostgreSQL restored to an older state: noticed before the first dial, dialing shut, settled, opened",
    shape=ALONE,
    quiet_s=200,
    recovers_s=180,
)
def restored(run: Run) -> None:
    """Calls of the gap are the carrier's alone: nobody is dialed until they are settled and a person has said so."""
    world = run.world
    postgres = embedded.Postgres(world.home)
    copy = world.home / "copy"
    run.start(150, cps=6)
    run.until_calls(20)
    world.down("postgres")
    _copy(postgres.data, copy)
    world.up("postgres")
    before = len(run.accepted())
    run.until_calls(before + 30)
    for name in WORKERS:
        world.down(name)
    time.sleep(2)
    world.down("postgres")
    shutil.rmtree(postgres.data)
    copy.rename(postgres.data)
    gone = len(run.accepted())
    run.struck()
    run.restored = True
    world.up("postgres")
    for name in WORKERS:
        world.up(name)
    run.until(lambda: _why_shut(run), 60, "dialing to be shut")
    time.sleep(15)
    late = len(run.accepted()) - gone
    why = _why_shut(run)
    assert not late, f"{late} people were dialed after the restore, before anybody settled the gap"
    said = run.world.dialer("settle")
    made = len(said["made"])
    run.until(lambda: not run.world.dialer("settle")["held"], 90, "everything to be settled")
    assert _why_shut(run), "dialing is open though nobody has opened it"
    late = len(run.accepted()) - gone
    assert not late, f"{late} people were dialed before anybody opened dialing"
    run.struck()
    run.world.dialer("settle", "--open", "--why", "chaos has looked at what is lost")
    run.notes.append(f"{gone - before} calls in the gap, {made} rows made for them; {why}")


def _why_shut(run: Run) -> str:
    """Why dialing is shut; "" while it is open, or the database is still starting."""
    try:
        with run.world.sessions() as session:
            return gate.read(session).why if gate.is_shut(session) else ""
    except OperationalError:
        return ""


def _copy(folder: Path, to: Path) -> None:
    """Copy a stopped server's data with its owner, which is not ours where we are root."""
    shutil.copytree(folder, to)
    owner = folder.stat()
    if owner.st_uid != os.geteuid():
        for path in (to, *to.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
