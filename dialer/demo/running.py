"""The demo from start to report."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from dialer import clock, db, embedded, provisioning
from dialer.accounts import first
from dialer.accounts import queries as accounts
from dialer.agents import store
from dialer.agents.definition import read as read_agent
from dialer.campaigns import lifecycle
from dialer.demo import leads, ledger, report
from dialer.demo.report import Report
from dialer.demo.striking import Strike, Striker
from dialer.demo.table import View
from dialer.demo.watching import BY, Watcher
from dialer.demo.world import WorldClient
from dialer.errors import BadInput, DialerError
from dialer.settings import Settings
from dialer.supervisor import local_world, machine
from dialer.supervisor.programs import free_port, port_is_free
from dialer.supervisor.roster import IDLE_STOP_ORDER, STOP_ORDER, Roster, roster, whole_environment
from dialer.supervisor.supervisor import Supervisor

STARTS_AT = datetime(2026, 11, 24, 18, 15, tzinfo=UTC)
"""A Tuesday: 13:15 in New York, 10:15 in Los Angeles, 18:15 in London, night in Australia."""
WINDOWS = "mon-sat 08:00-20:00"
CAMPAIGN = "Demo"
AGENT = Path(__file__).with_name("agent.toml")
CONCURRENCY = 40
CALLS_PER_S = 5.0
"""The sandbox has one mouth for all voices: it makes the first words of so many calls a second in good time."""
SEATS = 24
"""Of each of the two call workers: either one alone carries half of the calls."""
RING_TIMEOUT_S = 20
PACE = 5.0
"""Phones ring a fifth as long as in life; speech takes its time."""
SETTLE_GRACE_S = 20.0
IMPORT_S = 120.0
RETRIES: Mapping[str, Mapping[str, Any]] = {
    "busy": {"after_s": 6300, "attempts": 2},
    "no_answer": {"after_s": 7200, "attempts": 2},
    "voicemail": {"after_s": 8100, "attempts": 2},
    "screened": {"after_s": 8100, "attempts": 2},
    "silence": {"after_s": 7200, "attempts": 2},
    "failed": {"after_s": 6300, "attempts": 2},
    "abandoned": {"after_s": 6300, "attempts": 2},
}
"""Long enough for Europe to have closed by then, so that few rounds of calls serve all countries."""
_MARKER = "demo.json"
_BASE_LIMIT_S, _LIMIT_PER_LEAD_S = 600.0, 10.0
"""Some five times what a demo takes on two cores that have nothing else to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    leads: int
    seed: int
    keep: bool
    strikes: tuple[Strike, ...] = ()


def run(
    settings: Settings, wish: Wish, view: View, tell: Callable[[str], None], done: Callable[[Report], None]
) -> None:
    """Run the demo; hand its report to `done`. With `keep` everything stays up until Ctrl-C.

    Args:
        settings: of the demo's own data directory.
        wish: what was asked for.
        view: where the campaign is watched.
        tell: says one line to the operator.
        done: takes the report.

    Raises:
        Conflict: a demo is running in this data directory.
        BadInput: the directory is not a demo's, or the database is not empty.
        DialerError: it did not end in time.
    """
    began = time.monotonic()
    settings = _arranged(settings)
    _clear(settings, wish)
    world = local_world.options(settings, seed=wish.seed, pace=PACE, public_url=settings.public_url)
    environment = dict(local_world.environment(world)) | {
        "DIALER_SEATS": str(SEATS),
        "DIALER_SETTLE_GRACE_S": str(SETTLE_GRACE_S),
    }
    settings = settings.model_copy(update={"vendors": local_world.vendors(environment), "seats": SEATS})
    engine = db.engine(settings.database_url, pool_size=2)
    client = WorldClient(local_world.base_url(settings))
    demo = _Demo(settings, wish, environment, db.sessions(engine), client, view, tell, began)

    def work(supervisor: Supervisor, stop: threading.Event) -> None:
        found = demo.play(supervisor, stop)
        if found is not None:
            done(found)
        if found is not None and wish.keep:
            tell(f"Console: {first.log_in_link(demo.sessions, settings)}  (logs you in once, within ten minutes)")
        if found is None or not wish.keep:
            stop.set()

    try:
        machine.run(
            _cast(roster(settings, environment, sandbox=local_world.arguments(settings, world)), wish),
            settings,
            tell=tell,
            prepare=demo.prepare,
            work=work,
            stop_order=STOP_ORDER if wish.keep else IDLE_STOP_ORDER,
        )
    finally:
        client.close()
        engine.dispose()


def _cast(whole: Roster, wish: Wish) -> Roster:
    """Who plays: everybody, but Flower only where there is time to look at it."""
    return whole if wish.keep else replace(whole, workers=tuple(p for p in whole.workers if p.name != "flower"))


@dataclass(slots=True)
class _Demo:
    """What the steps share."""

    settings: Settings
    wish: Wish
    environment: Mapping[str, str]
    sessions: db.Sessions
    world: WorldClient
    view: View
    tell: Callable[[str], None]
    began: float
    campaign_id: UUID | None = None
    importing: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        """Migrate, provision, set campaign time, and begin the import while the workers start."""
        provisioning.bring_up(self.settings, carrier_cps=local_world.CPS)
        with db.transaction(self.sessions) as tx:
            offset = clock.jump(tx.session, STARTS_AT, by=BY, why="the demo starts at a fixed campaign time")
        self.world.set_offset(offset.total_seconds())
        self.campaign_id = self._create()
        self.importing = self._begin_import(self.campaign_id)

    def play(self, supervisor: Supervisor, stop: threading.Event) -> Report | None:
        """Start, watch, and report; None if told to stop before the end."""
        assert self.campaign_id is not None
        assert self.importing is not None
        campaign_id = self.campaign_id
        imported = self._imported(self.importing)
        self._start(campaign_id)
        limit_s = _BASE_LIMIT_S + _LIMIT_PER_LEAD_S * self.wish.leads
        striker = Striker(self.wish.strikes, self.world)
        watcher = Watcher(self.sessions, campaign_id, self.world, self.view, striker=striker, limit_s=limit_s)
        with self.view:
            end = watcher.run(stop)
        if end is None:
            return None
        return self._report(campaign_id, imported, watcher, supervisor)

    def _create(self) -> UUID:
        with db.transaction(self.sessions) as tx:
            organization_id = accounts.organization(tx.session, self.settings.organization)
            return lifecycle.create(
                tx.session,
                organization_id=organization_id,
                name=CAMPAIGN,
                agent=str(store.save(tx.session, organization_id, read_agent(AGENT)).id),
                region="US",
                windows=WINDOWS,
                concurrency=CONCURRENCY,
                cps=CALLS_PER_S,
                ring_timeout_s=RING_TIMEOUT_S,
                max_attempts=2,
                retries=RETRIES,
                now=clock.now(tx.session),
                by=BY,
            ).id

    def _begin_import(self, campaign_id: UUID) -> subprocess.Popen[str]:
        """Import as anybody would: by the command."""
        file = leads.write(self.settings.data_dir / "leads.csv", rows=self.wish.leads, seed=self.wish.seed)
        return subprocess.Popen(
            [sys.executable, "-m", "dialer", "leads", "import", str(file), "--campaign", str(campaign_id), "--json"],
            env=whole_environment(self.settings, self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _imported(self, importing: subprocess.Popen[str]) -> dict[str, Any]:
        """What the import said."""
        out, said = importing.communicate(timeout=IMPORT_S)
        if importing.returncode != 0:
            raise DialerError(f"dialer leads import failed: {said.strip()[-600:]}")
        answer: dict[str, Any] = json.loads(out)
        rejected = ", ".join(f"{number} {reason}" for reason, number in answer["rejected"].items()) or "none"
        self.tell(f"leads.csv: {answer['rows']} rows, {answer['imported']} imported; rejected: {rejected}.")
        return answer

    def _start(self, campaign_id: UUID) -> None:
        with db.transaction(self.sessions) as tx:
            lifecycle.start(tx.session, campaign_id, now=clock.now(tx.session), by=BY)

    def _report(self, campaign_id: UUID, imported: dict[str, Any], watcher: Watcher, supervisor: Supervisor) -> Report:
        from dialer import audit, wiring

        told = ledger.read(self.world.ledger())
        with self.sessions() as session:
            laws = audit.laws(session, carrier=wiring.carrier(self.settings))
            facts = report.Run(
                ledger=str(self.settings.data_dir / "sandbox" / "ledger.jsonl"),
                recordings=str(self.settings.data_dir / "recordings"),
                imported=imported,
                laws=laws,
                seed=self.wish.seed,
                jumps=watcher.jumps,
                vendors=self.world.vendors(),
                restarts=supervisor.restarts,
                wall_seconds=time.monotonic() - self.began,
                cpu_seconds=cpu_seconds(),
            )
            return report.build(session, campaign_id, told, facts)


def cpu_seconds() -> float:
    """CPU time of this process and everything that it started, living or gone, in seconds."""
    own = psutil.Process()
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = sum(own.cpu_times()[:2]) + gone.ru_utime + gone.ru_stime
    for child in own.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return float(total)


def _arranged(settings: Settings) -> Settings:
    """The same settings with ports that are free, and the address by which the sandbox reaches us."""
    ports: dict[str, int] = {}
    for name in ("web_port", "flower_port", "sandbox_port", "sandbox_smtp_port"):
        port = getattr(settings, name)
        ports[name] = port if port_is_free("127.0.0.1", port) else free_port()
    address = {"web_host": "127.0.0.1", "public_url": f"http://127.0.0.1:{ports['web_port']}", "media_url": ""}
    return embedded.located(settings.model_copy(update=ports | address))


def _clear(settings: Settings, wish: Wish) -> None:
    """Begin with an empty data directory and an empty database.

    Raises:
        Conflict: a demo is running in it.
        BadInput: the directory is not a demo's, or the database has tables.
    """
    home = settings.data_dir
    if home.is_dir() and any(home.iterdir()) and not (home / _MARKER).exists():
        raise BadInput(f"{home} holds something that is not a demo's; name an empty or new directory with --data-dir.")
    with embedded.hold(home):
        for entry in home.iterdir():
            if entry.name == "run":
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        (home / _MARKER).write_text(json.dumps({"leads": wish.leads, "seed": wish.seed}) + "\n")
    if settings.database_url != embedded.urls(home)[0]:
        provisioning.require_empty(settings.database_url)
