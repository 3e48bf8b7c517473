"""The sandbox as one of our processes, and the settings with which everything else takes it for the vendors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from dialer.sandbox.options import Options
from dialer.settings import Settings, Vendors

CPS = 20.0
"""Calls per second that the sandbox's carrier starts for us; a real account begins with 1."""


def options(
    settings: Settings,
    *,
    seed: int = 7,
    media: bool = True,
    pace: float = 1.0,
    cps: float = CPS,
    public_url: str = "",
) -> Options:
    """How the sandbox of a data directory is started. `public_url` is Dialer's, for calls to our numbers."""
    return Options(
        data_dir=settings.data_dir,
        seed=seed,
        port=settings.sandbox_port,
        smtp_port=settings.sandbox_smtp_port,
        public_url=base_url(settings),
        media=media,
        pace=pace,
        cps=cps,
        voice_url=f"{public_url}/voice/inbound" if public_url else "",
        sms_url=f"{public_url}/sms/inbound" if public_url else "",
    )


def base_url(settings: Settings) -> str:
    """Where the sandbox listens."""
    return f"http://127.0.0.1:{settings.sandbox_port}"


def arguments(settings: Settings, options: Options) -> tuple[str, ...]:
    """What `dialer sandbox` must be given to become this world."""
    public_url = options.voice_url.removesuffix("/voice/inbound")
    return (
        *("--port", str(options.port), "--smtp-port", str(options.smtp_port)),
        *("--seed", str(options.seed), "--pace", str(options.pace)),
        *("--cps", str(options.cps), "--data-dir", str(settings.data_dir)),
        *(("--public-url", public_url) if public_url else ()),
        *(() if options.media else ("--no-media", "--talk-s", str(options.talk_s))),
    )


def environment(options: Options) -> Mapping[str, str]:
    """Credentials and base URLs that lead to a sandbox. Product code is not told that it is one."""
    here, key = options.public_url, options.api_keys[0]
    return {
        "TWILIO_ACCOUNT_SID": options.account_sid,
        "TWILIO_AUTH_TOKEN": options.auth_token,
        "TWILIO_BASE_URL": f"{here}/twilio",
        "TWILIO_CALLER_ID": options.numbers[0],
        "DEEPGRAM_API_KEY": key,
        "DEEPGRAM_BASE_URL": f"{here}/deepgram",
        "OPENAI_API_KEY": key,
        "OPENAI_BASE_URL": f"{here}/openai/v1",
        "GEMINI_API_KEY": key,
        "GEMINI_BASE_URL": f"{here}/gemini/v1beta",
        "ELEVENLABS_API_KEY": key,
        "ELEVENLABS_BASE_URL": f"{here}/elevenlabs",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": key,
        "POLLY_BASE_URL": f"{here}/polly",
        "HUBSPOT_ACCESS_TOKEN": key,
        "HUBSPOT_BASE_URL": f"{here}/hubspot",
        "SALESFORCE_BASE_URL": f"{here}/salesforce",
        "SALESFORCE_CONSUMER_KEY": key,
        "SALESFORCE_CONSUMER_SECRET": key,
        "SALESFORCE_DOMAIN": "sandbox.my",
        "GOOGLE_CALENDAR_CREDENTIALS": service_account(here),
        "GOOGLE_CALENDAR_ID": "sales@sandbox.example",
        "GOOGLE_CALENDAR_BASE_URL": f"{here}/google",
        "CALDAV_URL": f"{here}/caldav/calendars/sales",
        "CALDAV_USERNAME": "sales",
        "CALDAV_PASSWORD": key,
        "CALENDARS_ALLOW_PRIVATE": "true",
        "SMTP_HOST": options.host,
        "SMTP_PORT": str(options.smtp_port),
        "SMTP_SENDER": "Sandbox <sender@sandbox.example>",
        "SMTP_SECURITY": "none",
        "WEBHOOK_URL": f"{here}/world/webhook",
        "WEBHOOK_SECRET": options.webhook_secret,
        "WEBHOOK_ALLOW_PRIVATE": "true",
    }


@cache
def service_account(here: str) -> str:
    """A service account's key file for the sandbox at a URL, made for this run."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {"client_email": "dialer@sandbox.example", "private_key": pem, "token_uri": f"{here}/google/token"}
    return json.dumps({"type": "service_account", **account})


def vendors(environment: Mapping[str, str]) -> Vendors:
    """The vendors' settings as a process with this environment reads them."""
    named = {name.lower(): value for name, value in environment.items() if name.lower() in Vendors.model_fields}
    return Vendors.model_validate(named)
