"""Who is who: the only place that names vendors. Built from settings where a process starts; imports come with use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Engine

from dialer import db
from dialer.accounts import secret
from dialer.calls import dialing, facts, gap_settling, settling, sweeping, using
from dialer.calls.toolbox.http import HttpTools
from dialer.crm import delivery
from dialer.db import Sessions
from dialer.embedded.redis import broker_url
from dialer.errors import BadInput
from dialer.followups.models import Channel
from dialer.followups.sending import Sending
from dialer.knowledge import indexing
from dialer.knowledge.retrieving import Retriever
from dialer.leads import optout
from dialer.leads.journal import Journal
from dialer.llm.base import Brain, Embedder, Extractor
from dialer.messages import CeleryMessages, Messages
from dialer.outcomes import finishing
from dialer.settings import BrainServer, Settings, Vendors
from dialer.speech.base import Recognizer, Voice
from dialer.speech2speech.base import Talker
from dialer.telephony.base import Carrier

if TYPE_CHECKING:
    from dialer.conversation.vendors import LiveVendors
    from dialer.crm.delivery import Destination
    from dialer.followups.base import Messenger
    from dialer.followups.calendars.base import Calendar

T = TypeVar("T")

CARRIERS = ("twilio", "signalwire")


def carrier(settings: Settings) -> Carrier:
    """The phone carrier that the settings name.

    Raises:
        BadInput: there is none of that name.
    """
    v = settings.vendors
    if settings.carrier == "signalwire":
        from dialer.telephony.signalwire import SignalWire

        return SignalWire(
            project_id=v.signalwire_project_id,
            api_token=v.signalwire_api_token.get_secret_value(),
            signing_key=v.signalwire_signing_key.get_secret_value(),
            space=v.signalwire_space,
            base_url=v.signalwire_base_url,
        )
    if settings.carrier != "twilio":
        raise BadInput(f"DIALER_CARRIER: {settings.carrier} is unknown; known: {', '.join(CARRIERS)}.")
    from dialer.telephony.twilio import Twilio

    return Twilio(
        account_sid=v.twilio_account_sid, auth_token=v.twilio_auth_token.get_secret_value(), base_url=v.twilio_base_url
    )


def live_vendors(settings: Settings) -> LiveVendors:
    """Speech and language for live calls, in order of preference: those that are named and have credentials."""
    from dialer.conversation.vendors import LiveVendors

    v = settings.vendors
    return LiveVendors(
        recognizers=_chosen(settings.recognizers, _RECOGNIZERS, v, "DIALER_RECOGNIZERS"),
        voices=_chosen(settings.voices, _VOICES, v, "DIALER_VOICES"),
        talkers=_chosen(settings.talkers, _TALKERS, v, "DIALER_TALKERS"),
        brains=_chosen(brain_order(settings), _brains(settings), v, "DIALER_BRAINS"),
    )


def _chosen(names: Sequence[str], known: Mapping[str, _Maker[T]], v: Vendors, variable: str) -> tuple[T, ...]:
    """Make the named vendors that have credentials; without any, the first, whose refusals say what is missing.

    Raises:
        BadInput: a name is unknown, or there is none.
    """
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"{variable}: {', '.join(unknown)} is unknown; known: {', '.join(known)}.")
    makers = [known[name] for name in names]
    if not makers:
        raise BadInput(f"{variable}: name at least one of {', '.join(known)}.")
    return tuple(maker.make(v) for maker in makers if maker.configured(v)) or (makers[0].make(v),)


def brain_order(settings: Settings) -> tuple[str, ...]:
    """Language models in order of preference; servers that nobody ranked come last."""
    servers = [server.name for server in settings.brain_servers]
    return (*settings.brains, *(name for name in servers if name not in settings.brains))


def _brains(settings: Settings) -> Mapping[str, _Maker[Brain]]:
    from dialer.llm.openai import OpenAIBrain

    def gemini(v: Vendors) -> Brain:
        from dialer.llm.gemini import GeminiBrain

        key = v.gemini_api_key.get_secret_value()
        return GeminiBrain(base_url=v.gemini_base_url, api_key=key, model=v.gemini_model, thinking=v.gemini_thinking)

    def at(server: BrainServer) -> _Maker[Brain]:
        return _Maker(lambda v: server.name, lambda v: OpenAIBrain(**_account(server)))

    return {
        "openai": _Maker(lambda v: v.openai_api_key, lambda v: OpenAIBrain(**_account(_openai(v)))),
        "gemini": _Maker(lambda v: v.gemini_api_key, gemini),
        **{server.name: at(server) for server in settings.brain_servers},
    }


def _readers(settings: Settings) -> Mapping[str, _Maker[Extractor]]:
    from dialer.llm.openai import OpenAIExtractor

    def gemini(v: Vendors) -> Extractor:
        from dialer.llm.gemini import GeminiExtractor

        key = v.gemini_api_key.get_secret_value()
        return GeminiExtractor(base_url=v.gemini_base_url, api_key=key, model=v.gemini_model)

    def at(server: BrainServer) -> _Maker[Extractor]:
        return _Maker(lambda v: server.name, lambda v: OpenAIExtractor(**_account(server)))

    return {
        "openai": _Maker(lambda v: v.openai_api_key, lambda v: OpenAIExtractor(**_account(_openai(v)))),
        "gemini": _Maker(lambda v: v.gemini_api_key, gemini),
        **{server.name: at(server) for server in settings.brain_servers},
    }


def _openai(v: Vendors) -> BrainServer:
    return BrainServer(name="openai", base_url=v.openai_base_url, api_key=v.openai_api_key, model=v.openai_model)


def _account(server: BrainServer) -> dict[str, str]:
    key = server.api_key.get_secret_value()
    return {"name": server.name, "base_url": server.base_url, "api_key": key, "model": server.model}


def _deepgram(v: Vendors) -> Recognizer:
    from dialer.speech.deepgram import Deepgram

    return Deepgram(base_url=v.deepgram_base_url, api_key=v.deepgram_api_key.get_secret_value(), model=v.deepgram_model)


def _openai_recognizer(v: Vendors) -> Recognizer:
    from dialer.speech.openai import OpenAIRecognizer

    key = v.openai_api_key.get_secret_value()
    return OpenAIRecognizer(base_url=v.openai_base_url, api_key=key, model=v.openai_transcription_model)


def _elevenlabs(v: Vendors) -> Voice:
    from dialer.speech.elevenlabs import ElevenLabs

    return ElevenLabs(
        base_url=v.elevenlabs_base_url,
        api_key=v.elevenlabs_api_key.get_secret_value(),
        model=v.elevenlabs_model,
        timed=v.elevenlabs_timed,
    )


def _openai_voice(v: Vendors) -> Voice:
    from dialer.speech.openai import OpenAIVoice

    key = v.openai_api_key.get_secret_value()
    return OpenAIVoice(base_url=v.openai_base_url, api_key=key, model=v.openai_speech_model)


def _polly(v: Vendors) -> Voice:
    from dialer.speech.polly import Polly

    return Polly(
        region=v.aws_region,
        access_key_id=v.aws_access_key_id,
        secret_access_key=v.aws_secret_access_key.get_secret_value(),
        base_url=v.polly_base_url,
        engine=v.polly_engine,
    )


def _openai_talker(v: Vendors) -> Talker:
    from dialer.speech2speech.openai import OpenAITalker

    return OpenAITalker(
        base_url=v.openai_base_url,
        api_key=v.openai_api_key.get_secret_value(),
        model=v.openai_realtime_model,
        transcription_model=v.openai_transcription_model,
    )


def _gemini_talker(v: Vendors) -> Talker:
    from dialer.speech2speech.gemini import GeminiTalker

    key = v.gemini_api_key.get_secret_value()
    return GeminiTalker(base_url=v.gemini_base_url, api_key=key, model=v.gemini_live_model)


@dataclass(frozen=True, slots=True)
class _Maker(Generic[T]):
    """A vendor of a role: whether it has what it needs, and how its adapter is made."""

    configured: Callable[[Vendors], object]
    make: Callable[[Vendors], T]


_RECOGNIZERS: Mapping[str, _Maker[Recognizer]] = {
    "deepgram": _Maker(lambda v: v.deepgram_api_key, _deepgram),
    "openai": _Maker(lambda v: v.openai_api_key, _openai_recognizer),
}
_TALKERS: Mapping[str, _Maker[Talker]] = {
    "openai": _Maker(lambda v: v.openai_api_key, _openai_talker),
    "gemini": _Maker(lambda v: v.gemini_api_key, _gemini_talker),
}
_VOICES: Mapping[str, _Maker[Voice]] = {
    "elevenlabs": _Maker(lambda v: v.elevenlabs_api_key, _elevenlabs),
    "openai": _Maker(lambda v: v.openai_api_key, _openai_voice),
    "polly": _Maker(lambda v: v.aws_region, _polly),
}


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
    """The CRMs, receivers and calendars that are configured, by name."""
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
    return {**built, **calendars(settings)}


def calendars(settings: Settings) -> Mapping[str, Calendar]:
    """The calendars that are configured, by name, and the built-in one, which always is; the first is the default."""
    from dialer.followups.calendars.builtin import BuiltIn

    v = settings.vendors
    built: dict[str, Calendar] = {}
    if credentials := v.google_calendar_credentials.get_secret_value():
        from dialer.followups.calendars.google import Google

        key = credentials if credentials.lstrip().startswith("{") else Path(credentials).read_text(encoding="utf-8")
        built["google"] = Google(
            key, v.google_calendar_id, v.google_calendar_base_url, allow_private=v.calendars_allow_private
        )
    if v.caldav_url:
        from dialer.followups.calendars.caldav import CalDav

        built["caldav"] = CalDav(
            v.caldav_url,
            v.caldav_username,
            v.caldav_password.get_secret_value(),
            zone=v.caldav_zone,
            allow_private=v.calendars_allow_private,
        )
    return {**built, "builtin": BuiltIn()}


def messengers(settings: Settings) -> Mapping[str, Messenger]:
    """How messages reach people, by channel: those that are configured."""
    v = settings.vendors
    built: dict[str, Messenger] = {}
    if settings.carrier == "signalwire" and v.signalwire_project_id:
        from dialer.followups.twilio_sms import TwilioSms
        from dialer.telephony.signalwire import address

        built["sms"] = TwilioSms(
            account_sid=v.signalwire_project_id,
            auth_token=v.signalwire_api_token.get_secret_value(),
            base_url=v.signalwire_base_url or address(v.signalwire_space),
        )
    elif v.twilio_account_sid:
        from dialer.followups.twilio_sms import TwilioSms

        built["sms"] = TwilioSms(
            account_sid=v.twilio_account_sid,
            auth_token=v.twilio_auth_token.get_secret_value(),
            base_url=v.twilio_base_url,
        )
    if v.smtp_host:
        from dialer.followups.smtp import Smtp

        built["email"] = Smtp(
            v.smtp_host,
            v.smtp_port,
            v.smtp_sender,
            username=v.smtp_username,
            password=v.smtp_password.get_secret_value(),
            security=v.smtp_security,
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
        from dialer.llm.readers import Readers

        readers = _chosen(brain_order(self.settings), _readers(self.settings), self.settings.vendors, "DIALER_BRAINS")
        return finishing.Finishing(
            sessions=self.sessions,
            extractor=Readers(readers),
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
        by_name = calendars(settings)
        return using.Outside(
            http=http,
            knowledge=self.retriever,
            calendars=by_name,
            crms=tuple(name for name in destinations(settings) if name != "webhook"),
            channels=frozenset(Channel(name) for name in self.sending.messengers),
            deliver=lambda row_id: delivery.deliver_one(row_id, sessions=self.sessions, crms=by_name),
            wake=lambda row_id: self.messages.send("results.deliver", str(row_id)),
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
