"""Who is who: the only place that names vendors. Built from settings where a process starts; imports come with use."""

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
from dialer.db import Sessions
from dialer.embedded.redis import broker_url
from dialer.knowledge import indexing
from dialer.knowledge.retrieving import Retriever
from dialer.leads import optout
from dialer.leads.journal import Journal
from dialer.llm.base import Embedder
from dialer.messages import CeleryMessages, Messages
from dialer.outcomes import finishing
from dialer.settings import Settings
from dialer.telephony.base import Carrier

if TYPE_CHECKING:
    from dialer.conversation.vendors import LiveVendors
    from dialer.crm.delivery import Destination

CARRIERS = ("twilio", "signalwire")


def carrier(settings: Settings) -> Carrier:
    """The phone carrier. SignalWire speaks Twilio's API at its own base URL."""
    from dialer.telephony.twilio import Twilio

    vendors = settings.vendors
    return Twilio(
        account_sid=vendors.twilio_account_sid,
        auth_token=vendors.twilio_auth_token.get_secret_value(),
        base_url=vendors.twilio_base_url,
    )


def live_vendors(settings: Settings) -> LiveVendors:
    """Speech and language for live calls, in order of preference."""
    from dialer.conversation.vendors import LiveVendors
    from dialer.llm.openai import OpenAIBrain
    from dialer.speech.deepgram import Deepgram
    from dialer.speech.elevenlabs import ElevenLabs

    v = settings.vendors
    return LiveVendors(
        recognizers=(
            Deepgram(
                base_url=v.deepgram_base_url, api_key=v.deepgram_api_key.get_secret_value(), model=v.deepgram_model
            ),
        ),
        voices=(
            ElevenLabs(
                base_url=v.elevenlabs_base_url,
                api_key=v.elevenlabs_api_key.get_secret_value(),
                model=v.elevenlabs_model,
            ),
        ),
        brains=(
            OpenAIBrain(base_url=v.openai_base_url, api_key=v.openai_api_key.get_secret_value(), model=v.openai_model),
        ),
    )


def destinations(settings: Settings) -> tuple[str, ...]:
    """Names of the CRMs and receivers that are configured."""
    v = settings.vendors
    configured = {
        "hubspot": bool(v.hubspot_access_token.get_secret_value()),
        "salesforce": bool(v.salesforce_consumer_key),
        "webhook": bool(v.webhook_url),
    }
    return tuple(name for name, given in configured.items() if given)


def crms(settings: Settings) -> Mapping[str, Destination]:
    """The CRMs and receivers that are configured, by name."""
    from dialer.crm.hubspot import HubSpot
    from dialer.crm.salesforce import Salesforce
    from dialer.crm.webhook import Webhook

    v = settings.vendors
    names = destinations(settings)
    built: dict[str, Destination] = {}
    if "hubspot" in names:
        built["hubspot"] = HubSpot(
            v.hubspot_access_token.get_secret_value(), v.hubspot_base_url, owner_id=v.hubspot_owner_id
        )
    if "salesforce" in names:
        built["salesforce"] = Salesforce(
            v.salesforce_consumer_key,
            v.salesforce_consumer_secret.get_secret_value(),
            v.salesforce_domain,
            base_url=v.salesforce_base_url,
            api_version=v.salesforce_api_version,
            owner_id=v.salesforce_owner_id,
        )
    if "webhook" in names:
        built["webhook"] = Webhook(
            v.webhook_url, v.webhook_secret.get_secret_value(), allow_private=v.webhook_allow_private
        )
    return built


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
        from dialer.llm.openai import OpenAIExtractor

        v = self.settings.vendors
        return finishing.Finishing(
            sessions=self.sessions,
            extractor=OpenAIExtractor(
                base_url=v.openai_base_url, api_key=v.openai_api_key.get_secret_value(), model=v.openai_model
            ),
            messages=self.messages,
            destinations=destinations(self.settings),
            opt_out=self.opt_out,
        )

    @cached_property
    def embedder(self) -> Embedder:
        """What makes vectors of documents and questions."""
        from dialer.llm.embedding_openai import OpenAIEmbedder

        v = self.settings.vendors
        return OpenAIEmbedder(
            base_url=v.openai_base_url,
            api_key=v.openai_api_key.get_secret_value(),
            model=v.openai_embedding_model,
            dimensions=v.openai_embedding_dimensions,
        )

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
        return sweeping.Sweeping(self.settling, self.settings.public_url)

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
        return using.Outside(http=http, knowledge=self.retriever)

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
