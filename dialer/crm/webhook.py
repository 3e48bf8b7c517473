"""A customer's own endpoint, told of events by signed POSTs.

Source: Standard Webhooks, https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from dialer.crm.retry_after import wait_s
from dialer.egress import Egress
from dialer.errors import BadInput, VendorBusy, VendorRefused

VENDOR = "webhook"
TIMEOUT = httpx.Timeout(15.0, connect=3.0)
SLOW_DOWN = frozenset({408, 425, 429})
"""Beside 5xx the answers after which it is worth asking again."""


class Webhook:
    """One endpoint. It is never followed elsewhere, and never into our own network.

    Args:
        url: where to post; https, unless `allow_private`.
        secret: `whsec_` and 24 to 64 bytes in base64.
        allow_private: post to loopback and private addresses too: for an endpoint on one's own machine or network.
        timeout: of each phase of a request.

    Raises:
        BadInput: the URL or the secret cannot be used.
    """

    name = VENDOR

    def __init__(self, url: str, secret: str, *, allow_private: bool = False, timeout: httpx.Timeout = TIMEOUT) -> None:
        from standardwebhooks import Webhook as Signer

        self._egress = Egress(VENDOR, allow_private=allow_private, timeout=timeout)
        self._url = self._egress.usable(url)
        self._signer = Signer(_key(secret))

    def post(self, event_id: str, document: Mapping[str, Any]) -> None:
        """Sign and post one event. `event_id` is the same on every attempt; the time stamp is of this one.

        Raises:
            VendorRefused: 3xx, 4xx, or a forbidden address.
            VendorBusy: 408, 425, 429, 5xx, or nobody listens.
            VendorSilent: no answer.
        """
        body = json.dumps(document, default=str, separators=(",", ":"))
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "Dialer",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(event_id, now, body),
        }
        response = self._egress.send("POST", self._url, headers=headers, content=body.encode())
        status = response.status
        if 200 <= status < 300:
            return
        if status >= 500 or status in SLOW_DOWN:
            asked = wait_s(response.headers.get("retry-after"), now=datetime.now(UTC))
            raise VendorBusy(VENDOR, f"answered {status}", asked)
        hint = {410: "the endpoint is gone for good"}.get(status, "the endpoint does not take it")
        raise VendorRefused(VENDOR, str(status), "it redirects; we do not follow" if status < 400 else hint)

    def check(self) -> str:
        """Resolve the host and see that it may be posted to; nothing is sent."""
        self._egress.address(self._url)
        return f"Webhook {self._url.host}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise BadInput('The webhook secret must be "whsec_" and 24 to 64 bytes in base64.')
    return key
