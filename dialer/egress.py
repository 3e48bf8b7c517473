"""Requests to addresses that a customer names: never into our own network, never followed elsewhere, never without end.

The name is resolved once, every address it has is checked, and the connection goes to the very address that was
checked: a second look-up might give another one (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from dialer.errors import BadInput, VendorBusy, VendorRefused, VendorSilent

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, cut at the bound."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    """More had come than was wanted."""


class Egress:
    """Sends single requests to endpoints of others.

    Args:
        name: who is asked, as errors name it.
        allow_private: reach loopback and private addresses too, over plain HTTP: for endpoints on one's own network.
        timeout: of each phase of a request.
        longest_s: from the first byte of a request to the last one of its answer.
    """

    def __init__(
        self,
        name: str,
        *,
        allow_private: bool = False,
        timeout: httpx.Timeout,
        longest_s: float = 30.0,
    ) -> None:
        self._name = name
        self._allow_private = allow_private
        self._longest_s = longest_s
        # No connection is kept: one to an address that two hosts share would speak to both under one's certificate.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(timeout=timeout, limits=limits, follow_redirects=False, trust_env=False)

    def usable(self, url: str) -> httpx.URL:
        """Read a URL that requests may go to.

        Raises:
            BadInput: it is none, names a user, or is not https although it must be.
        """
        try:
            read = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise BadInput(f"The {self._name} URL {url!r} cannot be read: {error}.") from error
        if read.scheme not in ("http", "https") or not read.host:
            raise BadInput(f"The {self._name} URL {url!r} is no http or https address.")
        if read.userinfo:
            raise BadInput(f"The {self._name} URL must name no user or password.")
        if read.scheme == "http" and not self._allow_private:
            raise BadInput(f"The {self._name} URL {url!r} must be https: what is sent there is private.")
        return read

    def send(
        self,
        method: str,
        url: httpx.URL,
        *,
        headers: Mapping[str, str],
        content: bytes = b"",
        most_bytes: int = 0,
        timeout: httpx.Timeout | None = None,
        longest_s: float | None = None,
    ) -> Answer:
        """Send one request, once.

        Args:
            method: of HTTP.
            url: as `usable` returned it.
            headers: Host is ours.
            content: the body.
            most_bytes: of the answer; what comes after it is not read.
            timeout: of each phase, if not the usual one.
            longest_s: of the whole, if not the usual time.

        Raises:
            VendorRefused: the address is forbidden.
            VendorBusy: nobody listens, or the name cannot be resolved now: nothing was sent.
            VendorSilent: it was sent, perhaps, and there is no answer.
        """
        request = self._client.build_request(
            method,
            url.copy_with(host=self.address(url)),
            content=content or None,
            headers={"accept-encoding": "identity", **headers, "host": url.netloc.decode()},
            extensions={"sni_hostname": url.host},
            timeout=timeout if timeout is not None else httpx.USE_CLIENT_DEFAULT,
        )
        give_up = time.monotonic() + (longest_s or self._longest_s)
        try:
            response = self._client.send(request, stream=True)
            try:
                body = bytearray()
                if most_bytes:
                    for chunk in response.iter_raw():  # decoded, a small answer could become a huge one
                        body += chunk
                        if len(body) > most_bytes:
                            break
                        if time.monotonic() > give_up:
                            raise VendorSilent(self._name, "the answer takes too long")
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise VendorBusy(self._name, f"cannot connect: {error}") from error
        except httpx.HTTPError as error:
            raise VendorSilent(self._name, f"no answer: {error!r}") from error
        return Answer(response.status_code, response.headers, bytes(body[:most_bytes]), len(body) > most_bytes)

    def address(self, url: httpx.URL) -> str:
        """An address of the URL's host that may be reached.

        Raises:
            VendorRefused: one of its addresses is private, loopback or otherwise special.
            VendorBusy: its name cannot be resolved now.
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise VendorBusy(self._name, f"cannot resolve {url.host}: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._allow_private:
            for address in addresses:
                if not public(address):
                    raise VendorRefused(self._name, "PRIVATE_ADDRESS", f"{url.host} is {address}, which is not public")
        return addresses[0]


def public(address: str) -> bool:
    """Whether an address is on the public Internet, also when it hides in an IPv6 one.

    Args:
        address: as the resolver writes it; a zone after `%` is ignored.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if hidden is None and (ip in _NAT64 or int(ip) >> 32 == 0):  # the latter: the old IPv4-compatible form
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if hidden is not None:
            return public(str(hidden))
    return ip.is_global and not ip.is_multicast
