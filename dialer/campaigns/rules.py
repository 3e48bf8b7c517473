"""Whether this lead may be called at this moment. One function, asked when claiming and again in T2.

Everything fails closed: what cannot be known is a no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.campaigns.calendar import Calendar
from dialer.leads.places import Place

CARRIER_QUEUE_S = 20
"""How long a call may sit in the carrier's queue before it rings; the window closes earlier by this and the ringing."""


class No(StrEnum):
    """Why a call may not be placed now."""

    GATE_SHUT = "dialing is stopped"
    CAMPAIGN_NOT_RUNNING = "campaign is not running"
    CALLER_ID_STOPPED = "caller id is stopped"
    OUTSIDE_HOURS = "outside calling hours"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no consent"
    NO_TIME_ZONE = "no time zone"
    ATTEMPTS_USED_UP = "attempts used up"
    NOT_THIS_CALL = "lead is not in flight for this call"

    @property
    def blocks_lead(self) -> bool:
        """Whether waiting cannot help this lead."""
        return self in (No.SUPPRESSED, No.NO_CONSENT, No.NO_TIME_ZONE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at, all read in one transaction."""

    gate_shut: bool
    campaign_running: bool
    caller_id_stopped: bool
    calendar: Calendar | None
    """None: no calendar binds this call (a test call to one's own phone)."""
    place: Place
    ring_timeout_s: int
    suppressed: bool
    consented: bool
    attempts: int
    max_attempts: int
    in_flight: bool = True


def margin(ring_timeout_s: int) -> timedelta:
    """How long before the window's end the last call may be placed."""
    return timedelta(seconds=ring_timeout_s + CARRIER_QUEUE_S)


def forbids(facts: Facts, now: datetime) -> No | None:
    """Return the first reason not to call at `now`, or None: the call is lawful."""
    if facts.gate_shut:
        return No.GATE_SHUT
    if not facts.campaign_running:
        return No.CAMPAIGN_NOT_RUNNING
    if not facts.in_flight:
        return No.NOT_THIS_CALL
    if facts.suppressed:
        return No.SUPPRESSED
    if not facts.consented:
        return No.NO_CONSENT
    if facts.attempts >= facts.max_attempts:
        return No.ATTEMPTS_USED_UP
    if facts.caller_id_stopped:
        return No.CALLER_ID_STOPPED
    if facts.calendar is None:
        return None
    if not facts.place.zones:
        return No.NO_TIME_ZONE
    if not facts.calendar.is_open(facts.place, now, margin=margin(facts.ring_timeout_s)):
        return No.OUTSIDE_HOURS
    return None
