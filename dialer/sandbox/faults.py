"""Faults on demand: what goes wrong, how often, and always for the same ones."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict, Field, field_validator

CARRIER_FAULTS = frozenset(
    {
        "latency",  # answers to POST /Calls come `latency_s` late
        "rate_limited",  # POST /Calls answers 429 and does nothing
        "unwell",  # POST /Calls answers 503 and does nothing
        "error_after_accept",  # POST /Calls accepts, then answers 500
        "drop_reply",  # POST /Calls accepts, then closes the socket without an answer
        "list_error",  # reading calls answers 503
        "callback_missing",
        "callback_duplicate",
        "callback_late",  # by `late_s`
        "callback_shuffled",  # overtaken by the next one
        "stream_dropped",  # the media socket is cut `drop_after_s` after its start, without a stop message
        "webhook_error",  # /world/webhook answers `webhook_status` and records nothing
        "webhook_lost",  # /world/webhook records, then answers 500
        "sms_error",  # POST /Messages accepts, then answers 500
    }
)
OTHERS = (
    *("hubspot.", "salesforce.", "deepgram.", "openai.", "gemini.", "elevenlabs.", "polly."),
    *("smtp.", "google.", "caldav."),
)


class FaultPlan(BaseModel):
    """What `PUT /world/faults` takes. Rates are probabilities from 0 to 1 by name of the fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rates: dict[str, float] = Field(default_factory=dict)
    refuse: dict[str, int] = Field(default_factory=dict)
    """Error code of POST /Calls by the number called; "*" stands for every number."""
    barred: frozenset[str] = frozenset()
    """Numbers of leads that a validation rule of the CRMs' own refuses, time and again."""
    latency_s: float = Field(default=1.0, ge=0, le=60)
    late_s: float = Field(default=5.0, ge=0, le=3600)
    drop_after_s: float = Field(default=2.0, ge=0, le=600)
    webhook_status: int = Field(default=503, ge=400, le=599)

    @field_validator("rates")
    @classmethod
    def _known(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            if name not in CARRIER_FAULTS and not name.startswith(OTHERS):
                raise ValueError(f"unknown fault {name}; known: {sorted(CARRIER_FAULTS)} and {OTHERS}…")
            if not 0 <= rate <= 1:
                raise ValueError(f"the rate of {name} must be from 0 to 1")
        return rates


class Faults:
    """The plan in force, and its dice."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.plan = FaultPlan()

    def hits(self, name: str, *key: object) -> bool:
        """Whether fault `name` strikes here. The same seed, name and key always give the same answer."""
        rate = self.plan.rates.get(name, 0.0)
        return rate > 0 and chance(self._seed, "fault", name, *key) < rate

    def bars(self, number: object) -> bool:
        """Whether the CRMs refuse the lead with this number."""
        return number in self.plan.barred

    def refusal(self, number: str) -> int | None:
        """The error code with which calls to `number` are refused, if they are."""
        return self.plan.refuse.get(number, self.plan.refuse.get("*"))


def chance(*key: object) -> float:
    """A number from 0 up to 1 that depends on the key alone."""
    digest = hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
