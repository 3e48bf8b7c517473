"""Requests that the carrier makes to the application: signed, retried as the URL's fragment says, with a fallback."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urldefrag

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from dialer.sandbox.carrier_calls import Asked, Call
from dialer.sandbox.world import World

_TOTAL_S = 15.0
_MOST_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """What the application answered; `code` None: nobody did."""

    code: int | None
    body: str = ""
    content_type: str = ""

    @property
    def good(self) -> bool:
        """Whether it is a success."""
        return self.code is not None and 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class RetryRule:
    """`#rc=` and `#rp=` of a URL: how often, and after which failures, the carrier asks again."""

    count: int = 1
    policies: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, fragment: str) -> RetryRule:
        """Read a fragment; what it does not say is Twilio's default, one more try after a failed connection."""
        given = parse_qs(fragment)
        count = min(int(given["rc"][0]), _MOST_RETRIES) if given.get("rc", [""])[0].isdigit() else 1
        policies = frozenset(",".join(given["rp"]).split(",")) if "rp" in given else frozenset({"ct"})
        return cls(count, policies)

    def wants(self, reply: Reply, failure: str) -> bool:
        """Whether this failure is one to retry: `ct` connecting, `rt` reading, `4xx`, `5xx`, `all`."""
        if reply.good:
            return False
        kind = failure if reply.code is None else f"{reply.code // 100}xx"
        return "all" in self.policies or kind in self.policies


class Webhooks:
    """Asks the application."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._validator = RequestValidator(world.options.auth_token)

    async def ask(
        self,
        call: Call | None,
        url: str,
        parameters: Mapping[str, str],
        *,
        event: str,
        token: str = "",
        fault: str = "",
    ) -> Reply:
        """POST `parameters`, signed, until answered or the URL's retries or 15 s are used up; never raises.

        Each request is a line of the ledger, whose key is `event`.
        """
        bare, fragment = urldefrag(url)
        rule = RetryRule.of(fragment)
        ends = time.monotonic() + _TOTAL_S
        headers = {
            "X-Twilio-Signature": self._validator.compute_signature(bare, dict(parameters)),
            "I-Twilio-Idempotency-Token": token or str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        attempt = 0
        while True:
            began = time.monotonic()
            reply, failure = await self._post(bare, parameters, headers, ends - began)
            took_ms = round((time.monotonic() - began) * 1000)
            self._note(
                call, event, Asked(bare, parameters, reply.code, reply.body[:4000], took_ms, datetime.now(UTC)), fault
            )
            attempt += 1
            if attempt > rule.count or not rule.wants(reply, failure) or time.monotonic() >= ends:
                return reply
            await asyncio.sleep(self._world.options.wait_s(min(0.25 * attempt, max(0.0, ends - time.monotonic()))))

    async def ask_twiml(self, call: Call, url: str, fallback: str, parameters: Mapping[str, str]) -> Reply:
        """Ask what to do next; when that fails, ask the fallback URL and say what went wrong."""
        reply = await self.ask(call, url, parameters, event="answer")
        if reply.good or not fallback:
            return reply
        wrong = {"ErrorCode": "11200" if reply.code is not None else "11205", "ErrorUrl": urldefrag(url)[0]}
        return await self.ask(call, fallback, {**parameters, **wrong}, event="fallback")

    def _note(self, call: Call | None, event: str, asked: Asked, fault: str) -> None:
        if call is not None:
            call.asked.append(asked)
        told = asked.parameters
        self._world.ledger.note(
            "callback",
            carrier_id=told.get("CallSid") or told.get("MessageSid"),
            call_id=None if call is None else call.call_id,
            to=told.get("To"),
            from_=told.get("From"),
            key=event,
            status=told.get("CallStatus") or told.get("SmsStatus"),
            url=asked.url,
            answer=asked.response_code,
            fault=fault or None,
        )

    async def _post(
        self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str], timeout_s: float
    ) -> tuple[Reply, str]:
        timeout = aiohttp.ClientTimeout(total=max(0.1, timeout_s), connect=5)
        try:
            async with self._world.http.post(
                URL(url, encoded=True), data=dict(parameters), headers=headers, timeout=timeout, allow_redirects=True
            ) as response:
                body = await response.text(errors="replace")
                return Reply(response.status, body, response.content_type), ""
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Reply(None), "ct"
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Reply(None), "rt"


def call_parameters(world: World, call: Call, **more: Any) -> dict[str, str]:
    """What every request about a call carries. Values of None are left out."""
    standard = {
        "CallSid": call.sid,
        "AccountSid": world.options.account_sid,
        "From": call.from_,
        "To": call.to,
        "Caller": call.from_,
        "Called": call.to,
        "Direction": call.direction,
        "ApiVersion": "2010-04-01",
        "CallStatus": call.status,
    }
    return {**standard, **{name: str(value) for name, value in more.items() if value is not None}}
