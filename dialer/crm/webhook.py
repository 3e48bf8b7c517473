"""A customer's own endpoint, told of events by signed POSTs.

Source: Standard Webhooks, https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from dialer.crm.retry_after import wait_s
from dialer.errors import BadInput, VendorBusy, VendorRefused, VendorSilent

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

        self._url, self._allow_private = httpx.URL(url), allow_private
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise BadInput(f"The webhook URL {url!r} is no http or https address.")
        if self._url.scheme == "http" and not allow_private:
            raise BadInput(f"The webhook URL {url!r} must be https: what is posted there is private.")
        self._signer = Signer(_key(secret))
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

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
        try:
            response = self._client.send(self._request(headers, body), stream=True)
            response.close()  # nobody needs what it says, however long
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise VendorBusy(VENDOR, f"cannot connect: {error}") from error
        except httpx.HTTPError as error:
            raise VendorSilent(VENDOR, f"no answer: {error!r}") from error
        status = response.status_code
        if 200 <= status < 300:
            return
        if status >= 500 or status in SLOW_DOWN:
            asked = wait_s(response.headers.get("retry-after"), now=datetime.now(UTC))
            raise VendorBusy(VENDOR, f"answered {status}", asked)
        hint = {410: "the endpoint is gone for good"}.get(status, "the endpoint does not take it")
        raise VendorRefused(VENDOR, str(status), "it redirects; we do not follow" if status < 400 else hint)

    def check(self) -> str:
        """Resolve the host and see that it may be posted to; nothing is sent."""
        self._address()
        return f"Webhook {self._url.host}"

    def _request(self, headers: Mapping[str, str], body: str) -> httpx.Request:
        """Address the request to the very IP that was checked: a second look-up might give another."""
        host = self._url.host
        return self._client.build_request(
            "POST",
            self._url.copy_with(host=self._address()),
            content=body,
            headers={**headers, "host": self._url.netloc.decode()},
            extensions={"sni_hostname": host},
        )

    def _address(self) -> str:
        """An address of the host that may be posted to.

        Raises:
            VendorRefused: it has a private, loopback or otherwise special address.
            VendorBusy: its name cannot be resolved now.
        """
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(self._url.host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise VendorBusy(VENDOR, f"cannot resolve {self._url.host}: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._allow_private:
            for address in addresses:
                if not _public(address):
                    raise VendorRefused(
                        VENDOR, "PRIVATE_ADDRESS", f"{self._url.host} is {address}, which is not public"
                    )
        return addresses[0]


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise BadInput('The webhook secret must be "whsec_" and 24 to 64 bytes in base64.')
    return key


def _public(address: str) -> bool:
    """Whether an address is on the public Internet, also when it hides in an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    return ip.is_global and not ip.is_multicast
