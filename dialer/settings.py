"""Settings: one frozen object, read once where a process starts and passed down as values.

Environment variables win over `config/dialer.toml` (or the file that `DIALER_CONFIG` names), which wins over the
defaults below. Nothing else in Dialer reads the environment, except `DIALER_CRASH_AT` (`dialer.crash`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from dialer import resources
from dialer.errors import BadInput

DEFAULT_DATA_DIR = Path(".dialer")


class Vendors(BaseSettings):
    """Credentials and base URLs of the vendors, each by the variable that its own documentation uses."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_base_url: str = ""
    twilio_caller_id: str = ""
    """The number that outgoing calls show, E.164; it must be the account's own."""

    signalwire_project_id: str = ""
    signalwire_api_token: SecretStr = SecretStr("")
    signalwire_signing_key: SecretStr = SecretStr("")
    """What SignalWire signs its webhooks with; it is not the token."""
    signalwire_space: str = ""
    """The space, such as acme.signalwire.com."""
    signalwire_base_url: str = ""
    signalwire_caller_id: str = ""

    deepgram_api_key: SecretStr = SecretStr("")
    deepgram_base_url: str = "https://api.deepgram.com"
    deepgram_model: str = "nova-3"

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-5.4-mini"
    openai_embedding_model: str = "text-embedding-3-small"
    openai_embedding_dimensions: int = Field(default=1024, ge=0, le=1024)
    """How long a vector is asked for; 0 does not ask, for models that come in one length only, of 1024 at most."""
    openai_transcription_model: str = "gpt-live-transcribe"
    openai_realtime_model: str = "gpt-realtime"
    """Of agents that have `speech_to_speech`."""
    openai_speech_model: str = "gpt-4o-mini-tts"

    gemini_api_key: SecretStr = SecretStr("")
    gemini_base_url: str = "https://generativelanguage.googleapis.com/v1beta"
    gemini_model: str = "gemini-3.8-flash"
    gemini_live_model: str = "gemini-3.8-live"
    """Of agents that have `speech_to_speech`."""
    gemini_thinking: str = "low"
    """How hard it thinks before it speaks: one of the model's levels; empty: as hard as it likes."""

    elevenlabs_api_key: SecretStr = SecretStr("")
    elevenlabs_base_url: str = "https://api.elevenlabs.io"
    elevenlabs_model: str = "eleven_flash_v2_5"
    elevenlabs_timed: bool = True
    """Ask for each character's time, so that another voice can take over at the very word."""

    aws_region: str = ""
    """Polly's region; empty: Polly is not used."""
    aws_access_key_id: str = ""
    """With its secret; empty: a role or profile, as AWS's own tools find it."""
    aws_secret_access_key: SecretStr = SecretStr("")
    polly_base_url: str = ""
    polly_engine: str = "neural"

    hubspot_access_token: SecretStr = SecretStr("")
    hubspot_base_url: str = "https://api.hubapi.com"
    hubspot_owner_id: str = ""

    salesforce_base_url: str = ""
    """Where every https://*.salesforce.com request goes instead; empty for Salesforce itself."""
    salesforce_consumer_key: str = ""
    salesforce_consumer_secret: SecretStr = SecretStr("")
    salesforce_domain: str = ""
    """The org's My Domain, as in "acme.my"."""
    salesforce_api_version: str = "66.0"
    salesforce_owner_id: str = ""

    google_calendar_credentials: SecretStr = SecretStr("")
    """A service account's key: the JSON itself, or the path of its file. Empty: Google's calendar is not used."""
    google_calendar_id: str = "primary"
    google_calendar_base_url: str = "https://www.googleapis.com"

    caldav_url: str = ""
    """Of the collection that meetings go to. Empty: CalDAV is not used."""
    caldav_username: str = ""
    caldav_password: SecretStr = SecretStr("")
    caldav_zone: str = "UTC"
    """Where its all-day events and floating times are meant."""
    calendars_allow_private: bool = False
    """Let calendars be reached at private and loopback addresses, over plain HTTP."""

    smtp_host: str = ""
    """The mail server. Empty: no e-mail is sent."""
    smtp_port: int = 587
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_sender: str = ""
    """What From says, as in "Loomline <hello@loomline.example>"."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"

    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    """Standard Webhooks secret: `whsec_` and 24 to 64 bytes in base64."""
    webhook_allow_private: bool = False
    """Let the webhook go to a private or loopback address, over plain HTTP."""


class BrainServer(BaseModel):
    """A language model on a server that speaks OpenAI's chat completions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    """What agents and `brains` call it."""
    base_url: str
    api_key: SecretStr = SecretStr("none")
    model: str


class ToolSecret(BaseModel):
    """A secret that HTTP tools may name in a header, and the only hosts that it is ever sent to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: SecretStr
    hosts: tuple[str, ...] = Field(min_length=1)
    organization: str = ""
    """Whose agents may use it; empty: everybody's."""


class Settings(BaseSettings):
    """What a process must know to start. Variables are `DIALER_<NAME>`, and `DATABASE_URL` and `REDIS_URL`."""

    model_config = SettingsConfigDict(env_prefix="DIALER_", frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Path = DEFAULT_DATA_DIR
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    """Empty: the embedded PostgreSQL in `data_dir`."""
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    """Empty: the embedded Redis in `data_dir`."""
    broker_url: str = ""
    """Any kombu broker, such as RabbitMQ; empty: the Redis above."""

    public_url: str = ""
    """What the carrier calls us by, such as https://dialer.example.com; its webhooks are signed over it."""
    media_url: str = ""
    """The public wss:// prefix in front of /media/<worker>/…; empty: each worker's own ws://host:port."""
    media_host: str = "127.0.0.1"
    media_port: int = 0
    """0: any free port."""
    worker_name: str = ""
    """This call worker's name in media URLs and rows; empty: made from host and process id."""

    web_host: str = "127.0.0.1"
    web_port: int = 8000
    flower_host: str = "127.0.0.1"
    flower_port: int = 5555
    flower_password: SecretStr = SecretStr("")
    sandbox_port: int = 8900
    sandbox_smtp_port: int = 8925

    seats: int = 20
    """Paced seats of one call worker; its threads pool is twice that, so that takeovers find room."""
    call_ratio: float = 1.0
    """Open calls per paced seat. Above 1 some answered calls will find no seat."""
    inbound_reserve: int = Field(default=0, ge=0)
    """Paced seats, of all call workers together, that calling leaves free for people who call us."""
    worker_events: bool = False
    """Send Celery's events, which Flower shows."""
    settle_grace_s: float = 900.0
    """How long an unknown dial must be absent from the carrier's list before it counts as never placed."""
    secret_key: SecretStr = SecretStr("")
    """Signs console sessions and keys the suppression hashes; empty: made once and kept in `data_dir`."""
    journal_dir: Path | None = None
    """Where the journal of opt-outs is kept, best on another disk than the database; empty: `journal` in `data_dir`."""
    tool_secrets: dict[str, ToolSecret] = Field(default_factory=dict)
    """Secrets of HTTP tools by name, in the file or as JSON: {"orders": {"value": "…", "hosts": ["api.example.com"]}}.
    """
    tools_allow_private: bool = False
    """Let HTTP tools reach private and loopback addresses, over plain HTTP."""
    organization: str = "default"
    recognizers: tuple[str, ...] = ("deepgram", "openai")
    """Speech to text in order of preference; a vendor without credentials is left out. An agent may have its own."""
    voices: tuple[str, ...] = ("elevenlabs", "openai", "polly")
    """The same of text to speech."""
    brains: tuple[str, ...] = ("openai", "gemini")
    """The same of language models. Servers of `brain_servers` that are not named here follow."""
    brain_servers: tuple[BrainServer, ...] = ()
    talkers: tuple[str, ...] = ("openai", "gemini")
    """The same of speech-to-speech models; only agents that name one have one."""
    carrier: Literal["twilio", "signalwire"] = "twilio"
    default_region: str = "US"
    log_level: str = "INFO"
    vendors: Vendors = Field(default_factory=Vendors)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the TOML file."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, env_settings, toml

    @property
    def carrier_account(self) -> str:
        """The account at the carrier that is used."""
        v = self.vendors
        return v.signalwire_project_id if self.carrier == "signalwire" else v.twilio_account_sid

    @property
    def carrier_key(self) -> str:
        """What the carrier signs its webhooks with."""
        v = self.vendors
        return (v.signalwire_signing_key if self.carrier == "signalwire" else v.twilio_auth_token).get_secret_value()

    @property
    def caller_id(self) -> str:
        """The number that outgoing calls show."""
        v = self.vendors
        return v.signalwire_caller_id if self.carrier == "signalwire" else v.twilio_caller_id

    @property
    def journal_file(self) -> Path:
        """The journal of opt-outs. It lies outside the database, so that restoring that one spares it."""
        return (self.journal_dir or self.data_dir / "journal") / "opt-outs.jsonl"

    @property
    def recordings_dir(self) -> Path:
        """Where recordings are kept."""
        return self.data_dir / "recordings"


def config_file() -> Path:
    """The operator's settings file: `DIALER_CONFIG`, or `config/dialer.toml` of this installation."""
    named = os.environ.get("DIALER_CONFIG")
    return Path(named) if named else resources.config_dir() / "dialer.toml"


def load(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        BadInput: a value is of the wrong kind; the message names the variable and says what it takes.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise BadInput("These settings cannot be used: " + "; ".join(lines)) from error
