"""One fault's campaign: its leads, how it stands, and when all is quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from dialer import clock, db
from dialer.accounts import queries as accounts
from dialer.accounts import secret
from dialer.calls.models import Call
from dialer.calls.states import OPEN, CallState
from dialer.campaigns import lifecycle
from dialer.crm.models import OutboxRow, OutboxState
from dialer.leads.importing import import_csv
from dialer.leads.models import Lead, LeadState
from tests.chaos import people
from tests.chaos.world import Line, World

MAX_ATTEMPTS = 3
RETRIES = {
    name: {"after_s": 1, "attempts": 1}
    for name in ("busy", "no_answer", "voicemail", "screened", "silence", "abandoned")
} | {"failed": {"after_s": 1, "attempts": MAX_ATTEMPTS}}
"""A lead is called again only if its call was never placed, or failed at the carrier: any other second call is one too
many."""
LOOK_EVERY_S = 0.25
SLOWER = 3


def at(line: Line) -> float:
    """When a line of the ledger was written, as time.time()."""
    return datetime.fromisoformat(line["at"]).timestamp()


def posted(line: Line) -> float:
    """When the request for a call reached the carrier's machine, as time.time(), however late it was read there."""
    return datetime.fromisoformat(line["arrived"]).timestamp()


class NotQuiet(AssertionError):
    """It did not come to rest in time."""


class Run:
    """A campaign in a world that is being broken."""

    def __init__(self, world: World, number: str, phones: Iterator[str]) -> None:
        self.world, self.number = world, number
        self._since = len(world.ledger())
        self.phones: list[str] = []
        self.campaign_ids: list[UUID] = []
        self.hits: list[float] = []
        """When the fault struck, as time.time()."""
        self.kills_before = world.kills
        self.restored = False
        """Whether rows are gone: a carrier call that asked for none of its attempt's URLs gets another one's row."""
        self.notes: list[str] = []
        self.opted_out: dict[str, float] = {}
        """Phone → time.time() at which its opt-out was known to be committed."""
        self._numbers = phones

    def start(self, leads: int, *, cps: float = 20.0, concurrency: int = 60) -> UUID:
        """Import so many new leads into a new campaign and start it."""
        world, phones = self.world, list(islice(self._numbers, leads))
        if len(phones) < leads:
            raise RuntimeError("no more fictional numbers: let another world begin")
        with db.transaction(world.sessions) as tx:
            organization_id = accounts.organization(tx.session, world.settings.organization)
            campaign_id = lifecycle.create(
                tx.session,
                organization_id=organization_id,
                name=f"fault {self.number}, {len(self.campaign_ids) + 1}",
                agent="Alex",
                region="US",
                windows="mon-sun 08:00-20:00",
                concurrency=concurrency,
                cps=cps,
                ring_timeout_s=20,
                max_attempts=MAX_ATTEMPTS,
                retries=RETRIES,
                now=clock.now(tx.session),
                by="chaos",
            ).id
        report = import_csv(
            world.sessions,
            source=people.file(phones),
            filename="chaos.csv",
            organization_id=organization_id,
            campaign_id=campaign_id,
            by="chaos",
            rejects_dir=world.home / "rejects",
            secret=secret.read(world.settings),
        )
        assert report.imported == leads, report.as_json()
        with db.transaction(world.sessions) as tx:
            lifecycle.start(tx.session, campaign_id, now=clock.now(tx.session), by="chaos")
        self.phones += phones
        self.campaign_ids.append(campaign_id)
        return campaign_id

    def ahead(self, leads: int) -> list[str]:
        """The phones of the next so many leads."""
        phones = list(islice(self._numbers, leads))
        self._numbers = chain(phones, self._numbers)
        return phones

    def pin(self, kind: str, leads: int) -> None:
        """Have the next so many leads be people of one kind."""
        for phone in self.ahead(leads):
            self.world.http.put(f"/world/people/{phone}", json={"kind": kind}).raise_for_status()

    def struck(self) -> None:
        """Write down that the fault strikes now."""
        self.hits.append(time.time())

    def lines(self, kind: str = "") -> list[Line]:
        """What the carrier and the CRMs wrote since this run began."""
        return [line for line in self.world.ledger()[self._since :] if not kind or line["kind"] == kind]

    def accepted(self) -> list[Line]:
        """The calls that the carrier accepted for this run's leads."""
        mine = set(self.phones)
        return [line for line in self.lines("call.accepted") if line["to"] in mine]

    def until(self, true: Callable[[], object], within_s: float, what: str) -> float:
        """Wait until something is so.

        `within_s` is what a machine of two cores and nothing else to do never needs; a slower one is given `SLOWER`
        times as much. What a recovery may take is not judged by this, but by the fault's `recovers_s`.

        Returns:
            How long it took, in seconds.

        Raises:
            NotQuiet: it was not so in time.
        """
        began = time.monotonic()
        while not true():
            if self.world.aborted:
                raise NotQuiet(f"{what}: it was stopped")
            if time.monotonic() - began > SLOWER * within_s:
                raise NotQuiet(f"{what} did not come within {SLOWER * within_s:.0f} s: {self.standing()}")
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - began

    def until_calls(self, n: int, within_s: float = 60.0) -> None:
        """Wait until the carrier has accepted so many calls of this run."""
        self.until(lambda: len(self.accepted()) >= n, within_s, f"{n} calls")

    def until_quiet(self, within_s: float) -> float:
        """Wait until every lead is done or blocked, no call is open and everything is delivered.

        A slow machine may take its time, as with `until`, but not stand still: `within_s` in which nothing more gets
        done is too long.

        Returns:
            How long it took, in seconds.

        Raises:
            NotQuiet: it was not so in time.
        """
        began = since = time.monotonic()
        most, quiet = 0, False

        def decided() -> bool:
            nonlocal most, since, quiet
            left, done = self._standing()
            quiet, now = left == 0, time.monotonic()
            if done > most:
                most, since = done, now
            return quiet or now - since > within_s

        self.until(decided, within_s, "quiet")
        if not quiet:
            raise NotQuiet(f"nothing moved for {within_s:.0f} s before quiet came: {self.standing()}")
        return time.monotonic() - began

    def is_quiet(self) -> bool:
        """Whether every lead is done or blocked, no call is open and everything is delivered."""
        return self._standing()[0] == 0

    def _standing(self) -> tuple[int, int]:
        """How many leads, calls and deliveries are still to be seen to, and how many have been.

        The former may grow on the way, for calls leave deliveries; the latter does not shrink. While the database does
        not say, there is something to do, and nothing was done.
        """
        from sqlalchemy.exc import OperationalError

        finished = Lead.state.in_((LeadState.DONE, LeadState.BLOCKED))
        ours = Lead.campaign_id.in_(self.campaign_ids)
        over = Call.state.in_((CallState.ENDED, CallState.FAILED))
        unfinished = Call.state.in_(OPEN) | (over & Call.outcome_at.is_(None))
        pending = OutboxRow.state == OutboxState.PENDING
        left = (  # in this order: what one leaves, the next one has
            select(func.count()).where(ours, ~finished),
            select(func.count()).where(unfinished),
            select(func.count()).where(pending),
        )
        done = (
            select(func.count()).where(ours, finished),
            select(func.count()).where(Call.outcome_at.is_not(None)),
            select(func.count()).where(~pending),
        )
        try:
            with self.world.sessions() as session:
                return _sum(session, left), _sum(session, done)
        except OperationalError:
            return 1, 0

    def dialing(self) -> bool:
        """Whether a lead is due, or a call is claimed or on its way to the carrier."""
        with self.world.sessions() as session:
            due = select(Lead.id).where(Lead.campaign_id.in_(self.campaign_ids), Lead.state == LeadState.DUE)
            on_its_way = select(Call.id).where(
                Call.campaign_id.in_(self.campaign_ids), Call.state.in_((CallState.CLAIMED, CallState.DIALING))
            )
            return session.scalar(due.limit(1)) is not None or session.scalar(on_its_way.limit(1)) is not None

    def standing(self) -> str:
        """How it stands, for a message."""
        try:
            with self.world.sessions() as session:
                leads = session.execute(
                    select(Lead.state, Lead.reason, func.count())
                    .where(Lead.campaign_id.in_(self.campaign_ids))
                    .group_by(Lead.state, Lead.reason)
                ).all()
                calls = session.execute(
                    select(Call.state, Call.outcome_at.is_not(None), func.count())
                    .where(Call.campaign_id.in_(self.campaign_ids))
                    .group_by(Call.state, Call.outcome_at.is_not(None))
                ).all()
                outbox = session.execute(
                    select(OutboxRow.destination, OutboxRow.state, func.max(OutboxRow.error), func.count()).group_by(
                        OutboxRow.destination, OutboxRow.state
                    )
                ).all()
        except Exception as error:  # it is for a message only
            return f"the database does not answer: {error!r}"
        parts = [
            "leads " + ", ".join(f"{n} {state.value} {reason}".strip() for state, reason, n in leads),
            "calls " + ", ".join(f"{n} {state.value}{'' if done else ' open'}" for state, done, n in calls),
            "outbox "
            + ", ".join(
                f"{n} {destination} {state.value}{f' ({error})' if error and state is not OutboxState.SENT else ''}"
                for destination, state, error, n in outbox
            ),
        ]
        return "; ".join(parts)

    def unknowns(self, campaign_id: UUID | None = None) -> int:
        """How many of this run's calls, or of one of its campaigns, were ever unknown."""
        with self.world.sessions() as session:
            return int(
                session.scalar(
                    text(
                        "SELECT count(DISTINCT m.call_id) FROM call_moves m JOIN calls c ON c.id = m.call_id"
                        " WHERE m.state = 'unknown' AND c.campaign_id = ANY(:ids)"
                    ),
                    {"ids": [campaign_id] if campaign_id else self.campaign_ids},
                )
                or 0
            )

    def longest_recovery_s(self) -> float:
        """The longest time from a strike to the next call that the carrier accepted, where one came."""
        moments = sorted(at(line) for line in self.accepted())
        waits = [next((m - hit for m in moments if m > hit), 0.0) for hit in self.hits]
        return max(waits, default=0.0)


def _sum(session: Session, counts: Iterable[Select[tuple[int]]]) -> int:
    return sum(session.scalar(count) or 0 for count in counts)
