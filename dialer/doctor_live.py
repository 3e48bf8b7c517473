"""Checks that go out: the carrier, the vendors and the CRMs by their credentials, and our public URL from outside."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from uuid import uuid4

import httpx
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from dialer import db, doctor_vendors, embedded, wiring
from dialer.calls.models import Worker
from dialer.doctor import Finding, Verdict
from dialer.errors import DialerError
from dialer.settings import Settings

TIMEOUT_S = 10.0
SKEW_S = 5.0
CARRIER_URL = "https://api.twilio.com"
_FRESH = "heartbeat_wall > clock_timestamp() - interval '5 s'"


def examine(settings: Settings) -> Iterator[Finding]:
    """Ask everybody whom a call needs. Nobody is called and nothing is written anywhere."""
    located = embedded.located(settings)
    yield from _carrier(located)
    yield from doctor_vendors.examine(located)
    yield from _crms(located)
    yield from _public_url(located)
    yield from _media(located)
    yield from _clocks(located)


def _carrier(settings: Settings) -> Iterator[Finding]:
    names = f"the {settings.carrier.upper()}_… settings"
    if not settings.carrier_account:
        yield Finding("carrier", Verdict.FAIL, "no account", f"Set {names}.")
        return
    try:
        owned = wiring.carrier(settings).caller_ids()
    except DialerError as error:
        yield Finding("carrier", Verdict.FAIL, str(error), f"Check {names}.")
        return
    yield Finding("carrier", Verdict.OK, f"the account answers, {len(owned)} number(s)")
    wanted = settings.caller_id
    if wanted in owned:
        yield Finding("caller id", Verdict.OK, f"{wanted} is the account's own")
    else:
        variable = f"{settings.carrier.upper()}_CALLER_ID"
        advice = f"Set {variable} to one of {', '.join(owned[:5]) or 'your numbers: buy or verify one first'}."
        yield Finding("caller id", Verdict.FAIL, f"{wanted or 'none'} is not the account's own", advice)


def _crms(settings: Settings) -> Iterator[Finding]:
    for name, crm in {**wiring.crms(settings), **wiring.messengers(settings)}.items():
        check = getattr(crm, "check", None)
        if check is None:
            continue
        try:
            yield Finding(name, Verdict.OK, f"signed in as {check()}")
        except DialerError as error:
            yield Finding(name, Verdict.FAIL, str(error), f"Check the {name.upper()}_… settings.")


def _public_url(settings: Settings) -> Iterator[Finding]:
    """Send ourselves a signed webhook about a call that does not exist, by way of the public URL."""
    if not settings.public_url:
        yield Finding(
            "public URL", Verdict.FAIL, "not set", "Set DIALER_PUBLIC_URL to this machine's https:// address."
        )
        return
    url = f"{settings.public_url}/voice/status/{uuid4()}"
    params = {"CallSid": "CA" + "0" * 32, "CallStatus": "completed"}
    headers = {"X-Twilio-Signature": signature(settings.carrier_key, url, params)}
    try:
        status = httpx.post(url, data=params, headers=headers, timeout=TIMEOUT_S).status_code
        unsigned = httpx.post(url, data=params, timeout=TIMEOUT_S).status_code
    except httpx.HTTPError as error:
        yield Finding(
            "public URL", Verdict.FAIL, f"{url}: {error}", "Is dialer up running, and does the proxy reach it?"
        )
        return
    if status == 403:
        advice = "The proxy must not change path or query; DIALER_PUBLIC_URL and the carrier's key must be web's own."
        yield Finding("public URL", Verdict.FAIL, "a signed webhook is refused", advice)
    elif status not in {200, 204, 404}:
        yield Finding("public URL", Verdict.FAIL, f"a signed webhook gets {status}", "Does this URL lead to Dialer?")
    elif unsigned != 403:
        advice = "Something between here and Dialer answers for it: let only Dialer answer."
        yield Finding("public URL", Verdict.FAIL, f"an unsigned webhook gets {unsigned}", advice)
    else:
        yield Finding("public URL", Verdict.OK, "signed webhooks arrive, unsigned ones are refused")
    if not settings.public_url.startswith("https://"):
        yield Finding("public URL", Verdict.WARN, "is not https://", "Carriers send what people say: use TLS.")


def signature(token: str, url: str, params: Mapping[str, str]) -> str:
    """What Twilio and SignalWire send in X-Twilio-Signature: HMAC-SHA1 over the URL and the form's sorted fields."""
    signed = url + "".join(f"{name}{params[name]}" for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _media(settings: Settings) -> Iterator[Finding]:
    """Open the media socket of each live call worker with a wrong token: it must be refused at the handshake."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.sync.client import connect

    engine = db.engine(settings.database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            workers = connection.execute(select(Worker.name, Worker.media_url).where(text(_FRESH))).all()
    except SQLAlchemyError as error:
        yield Finding(
            "media", Verdict.FAIL, str(getattr(error, "orig", error)).splitlines()[0], "Is dialer up running?"
        )
        return
    finally:
        engine.dispose()
    if not workers:
        yield Finding("media", Verdict.FAIL, "no call worker is alive", "Run dialer up, or dialer worker calls.")
    for name, prefix in workers:
        url = f"{prefix.rstrip('/')}/media/{name}/{uuid4()}/{'0' * 43}"
        try:
            connect(url, open_timeout=TIMEOUT_S, close_timeout=1).close()
        except InvalidStatus as error:
            code = error.response.status_code
            if code == 403:
                yield Finding("media", Verdict.OK, f"{prefix} answers, and refuses a wrong token")
            else:
                yield Finding(
                    "media", Verdict.FAIL, f"{prefix} answers {code}", "Route /media/<worker>/… to its worker."
                )
        except (OSError, InvalidHandshake, TimeoutError) as error:
            advice = "Check DIALER_MEDIA_URL and the proxy's WebSocket settings."
            yield Finding("media", Verdict.FAIL, f"{prefix}: {error}", advice)
        else:
            yield Finding("media", Verdict.FAIL, f"{prefix} took a wrong token", "Something else listens there.")


def _clocks(settings: Settings) -> Iterator[Finding]:
    url = settings.vendors.twilio_base_url or CARRIER_URL
    try:
        told = httpx.head(url, timeout=TIMEOUT_S).headers.get("Date")
    except httpx.HTTPError:
        told = None
    here = datetime.now(UTC)
    if told is not None:
        yield _skew("clock", (parsedate_to_datetime(told) - here).total_seconds(), "the carrier")
    engine = db.engine(settings.database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            theirs = connection.scalar(text("SELECT clock_timestamp()"))
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()
    if isinstance(theirs, datetime):
        yield _skew("database clock", (theirs - datetime.now(UTC)).total_seconds(), "this machine")


def _skew(name: str, seconds: float, other: str) -> Finding:
    if abs(seconds) > SKEW_S:
        return Finding(name, Verdict.FAIL, f"{seconds:+.0f} s from {other}'s", "Set the time by NTP on both machines.")
    return Finding(name, Verdict.OK, f"agrees with {other}'s")
