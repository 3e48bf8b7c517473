"""What a sandbox is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """One sandbox. Two of the same seed are the same world."""

    data_dir: Path
    """The ledger and recordings go below `data_dir`/sandbox."""
    seed: int = 7
    host: str = "127.0.0.1"
    port: int = 8900
    smtp_port: int = 0
    """Where the mail sink listens; 0: there is none."""
    public_url: str = "http://127.0.0.1:8900"
    """Its own base URL, without a slash at the end; recordings and paging name it."""

    media: bool = True
    """False plays calls without audio at high speed: streams start and stop, no frame is sent."""
    talk_s: float = 0.2
    """Without media: how long a person stays on the line."""
    pace: float = 1.0
    """Divides every wait that is no speech: ringing, no-answer timeouts, queueing delays of callbacks."""
    cps: float = 1.0
    """Calls per second of the account; the excess is queued, as Twilio does."""

    account_sid: str = "AC" + "5a" * 16
    auth_token: str = "5ec7e7" * 5 + "00"
    numbers: tuple[str, ...] = ("+12125550100",)
    """Numbers that the account owns, E.164."""
    voice_url: str = ""
    """Asked when somebody calls one of the numbers."""
    sms_url: str = ""
    """Asked when somebody texts one of the numbers."""

    webhook_secret: str = "whsec_" + "c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDA="
    """Verifies what arrives at /world/webhook (Standard Webhooks)."""
    api_keys: tuple[str, ...] = field(default=("sandbox",))
    """Keys that the speech, language and CRM vendors of this world accept."""

    @property
    def home(self) -> Path:
        """Where this world keeps what it remembers."""
        return self.data_dir / "sandbox"

    def wait_s(self, real_s: float) -> float:
        """How long a wait of `real_s` seconds lasts in this world."""
        return real_s / self.pace
