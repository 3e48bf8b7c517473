"""What one process uses of all this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Engine

from dialer import db
from dialer.accounts import secret
from dialer.calls import dialing, facts, gap_settling, settling, sweeping, using
from dialer.calls.toolbox.http import HttpTools
from dialer.crm import delivery
from dialer.db import Sessions
from dialer.embedded.redis import broker_url
from dialer.followups.models import Channel
from dialer.followups.sending import Sending
from dialer.knowledge import indexing
from dialer.knowledge.retrieving import Retriever
from dialer.leads import optout
from dialer.leads.journal import Journal
from dialer.llm.base import Embedder
from dialer.messages import CeleryMessages, Messages
from dialer.outcomes import finishing
from dialer.settings import Settings
from dialer.telephony.base import Carrier
from dialer.wiring import brains
from dialer.wiring.calendars import calendars
from dialer.wiring.carriers import carrier
from dialer.wiring.destinations import crms, destinations, everywhere
from dialer.wiring.messaging import messengers

if TYPE_CHECKING:
    from dialer.crm.delivery import Destination


@dataclass(frozen=True)
class Wiring:
    """Everything a process may need, each part made when it is first used."""

    settings: Settings
    pool_size: int = 5

    @cached_property
    def engine(self) -> Engine:
        """The database's connections. None is made before it is needed."""
        return db.engine(self.settings.database_url, pool_size=self.pool_size, max_overflow=self.pool_size * 3)

    @cached_property
    def sessions(self) -> Sessions:
        """The database."""
        return db.sessions(self.engine)

    @cached_property
    def messages(self) -> Messages:
        """Wake-ups."""
        return CeleryMessages(broker(self.settings))

    @cached_property
    def secret(self) -> str:
        """The installation's key."""
        return secret.read(self.settings)

    @cached_property
    def carrier(self) -> Carrier:
        """The phone carrier."""
        return carrier(self.settings)

    @cached_property
    def crms(self) -> Mapping[str, Destination]:
        """Where outcomes go."""
        return crms(self.settings)

    @cached_property
    def finishing(self) -> finishing.Finishing:
        """What writing outcomes needs."""
        return finishing.Finishing(
            sessions=self.sessions,
            extractor=brains.reader(self.settings),
            messages=self.messages,
            destinations=destinations(self.settings),
            opt_out=self.opt_out,
        )

    @cached_property
    def embedder(self) -> Embedder:
        """What makes vectors of documents and questions."""
        return brains.embedder(self.settings)

    @cached_property
    def indexing(self) -> indexing.Indexing:
        """What making documents findable needs."""
        return indexing.Indexing(self.sessions, self.embedder)

    @cached_property
    def retriever(self) -> Retriever:
        """Searches documents."""
        return Retriever(self.sessions, self.embedder)

    @cached_property
    def settling(self) -> settling.Settling:
        """What asking the carrier needs."""
        return settling.Settling(self.sessions, self.carrier, self.settings.settle_grace_s, self.finishing)

    @cached_property
    def restored(self) -> gap_settling.Restored:
        """What settling a restore needs."""
        return gap_settling.Restored(self.settling, self.journal, self.settings.recordings_dir, self.secret)

    @cached_property
    def sweeping(self) -> sweeping.Sweeping:
        """What the sweep needs."""
        return sweeping.Sweeping(self.settling, self.settings.public_url, everywhere(self.settings))

    @cached_property
    def journal(self) -> Journal:
        """Opt-outs, outside the database."""
        return Journal(self.settings.journal_file)

    @cached_property
    def dialing(self) -> dialing.Dialing:
        """What placing a call needs."""
        return dialing.Dialing(
            sessions=self.sessions,
            carrier=self.carrier,
            public_url=self.settings.public_url,
            secret=self.secret,
            refused=finishing.refused(self.finishing),
        )

    @cached_property
    def effects(self) -> facts.Effects:
        """What a seat's facts may cause."""
        return facts.Effects(opt_out=self.opt_out, cancel=self.cancel, outside=self.outside)

    @cached_property
    def outside(self) -> using.Outside:
        """What tools reach beyond the database."""
        settings = self.settings
        http = HttpTools(settings.tool_secrets, allow_private=settings.tools_allow_private)
        by_name = calendars(settings)
        return using.Outside(
            http=http,
            knowledge=self.retriever,
            calendars=by_name,
            crms=tuple(name for name in destinations(settings) if name != "webhook"),
            channels=frozenset(Channel(name) for name in self.sending.messengers),
            deliver=lambda row_id: delivery.deliver_one(row_id, sessions=self.sessions, crms=by_name),
            wake=lambda row_id: self.messages.send("outbox.deliver", str(row_id)),
            sessions=self.sessions,
        )

    @cached_property
    def sending(self) -> Sending:
        """What sending messages needs."""
        return Sending(self.sessions, messengers(self.settings), self.secret)

    @property
    def recordings_url(self) -> str:
        """What a recording's file name is appended to in links that CRMs get."""
        return f"{self.settings.public_url}/recordings/" if self.settings.public_url else ""

    def opt_out(self, organization_id: UUID, phone: str, how: str, call_id: UUID | None, by: str) -> optout.OptOut:
        """Suppress one number, said in a call."""
        return optout.opt_out(
            self.sessions,
            organization_id,
            [phone],
            how=how,
            source="digit" if how.startswith("digit") else "spoken",
            by=by,
            secret=self.secret,
            call_id=call_id,
            journal=self.journal,
        )

    def cancel(self, call_ids: Iterable[UUID]) -> None:
        """Hang up calls at the carrier."""
        settling.cancel(list(call_ids), self.settling)


def broker(settings: Settings) -> str:
    """Celery's broker: the one that is set, or the Redis."""
    return settings.broker_url or broker_url(settings.redis_url)
