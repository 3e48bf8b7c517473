"""POST /Calls: what the carrier takes, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import phonenumbers

from dialer.sandbox.carrier_calls import Call, new_sid
from dialer.sandbox.carrier_errors import TwilioError
from dialer.sandbox.world import World

_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
_LONGEST_RING_S = 600
_LONGEST_TWIML = 4000


def read_order(world: World, form: Mapping[str, str], every: Mapping[str, Sequence[str]]) -> Call:
    """Make the call that a form asks for.

    Raises:
        TwilioError: it cannot be placed; nothing has happened.
    """
    to, from_ = form.get("To", ""), form.get("From", "")
    if not to:
        raise TwilioError(21201)
    if not from_:
        raise TwilioError(21213)
    if not dialable(to):
        raise TwilioError(21211, to)
    if not dialable(from_):
        raise TwilioError(21212, from_)
    if from_ not in world.numbers:
        raise TwilioError(21210, from_)
    _check_urls(form)
    _check_ranges(form)
    events = tuple(e for value in every.get("StatusCallbackEvent", ["completed"]) for e in value.split())
    if unknown := set(events) - _EVENTS:
        raise TwilioError(20001, f"StatusCallbackEvent {sorted(unknown)}")
    if (code := world.faults.refusal(to)) is not None:
        raise TwilioError(code, to)
    if world.people.kind(to).pickup == "refused":
        raise TwilioError(21211, to)
    return Call(
        sid=new_sid("CA"),
        to=to,
        from_=from_,
        direction="outbound-api",
        form=dict(form),
        status_events=events,
    )


def dialable(number: str) -> bool:
    """Whether it is a phone number in E.164 that can exist."""
    try:
        return number.startswith("+") and phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _check_urls(form: Mapping[str, str]) -> None:
    if not form.get("Url") and not form.get("Twiml"):
        raise TwilioError(21205, "one of Url and Twiml is needed")
    if len(form.get("Twiml", "")) > _LONGEST_TWIML:
        raise TwilioError(20001, "Twiml is longer than 4000 characters")
    for name in ("Url", "FallbackUrl"):
        if form.get(name) and not _is_url(form[name]):
            raise TwilioError(21205, form[name])
    for name in ("StatusCallback", "AsyncAmdStatusCallback", "RecordingStatusCallback"):
        if form.get(name) and not _is_url(form[name]):
            raise TwilioError(21609, form[name])


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in (parts.hostname or "")
    except ValueError:
        return False


def _check_ranges(form: Mapping[str, str]) -> None:
    try:
        rings_s, talks_s = int(form.get("Timeout", "60")), int(form.get("TimeLimit", "14400"))
    except ValueError as error:
        raise TwilioError(20001, "Timeout and TimeLimit are whole seconds") from error
    if not 1 <= rings_s <= _LONGEST_RING_S:
        raise TwilioError(20001, "Timeout is from 1 to 600")
    if talks_s < 1:
        raise TwilioError(20001, "TimeLimit is at least 1")
    if form.get("MachineDetection", "Enable") not in ("Enable", "DetectMessageEnd"):
        raise TwilioError(20001, "MachineDetection is Enable or DetectMessageEnd")
