"""The guard of requests to addresses that a customer names."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from dialer.egress import Egress, public
from dialer.errors import BadInput, VendorRefused

INSIDE = [
    "127.0.0.1",
    "127.1.2.3",
    "10.0.0.8",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::a00:8",
    "2002:7f00:1::",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_the_rest_of_the_world_is(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://[::ffff:169.254.169.254]/latest/meta-data",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_however_it_is_written_our_own_network_is_out_of_reach(url: str) -> None:
    egress = Egress("test", timeout=httpx.Timeout(1.0))

    with pytest.raises((VendorRefused, BadInput), match=r"not public|cannot be read"):
        egress.send("GET", egress.usable(url), headers={})


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.215.14", "10.0.0.8"))
    egress = Egress("test", timeout=httpx.Timeout(1.0))

    with pytest.raises(VendorRefused, match=r"10\.0\.0\.8"):
        egress.address(egress.usable("https://rebinding.example/"))


def test_the_address_that_was_checked_is_the_one_that_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name whose second look-up would lead inside: there is no second look-up."""
    asked: list[str] = []
    reached: list[httpx.Request] = []

    def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("93.184.215.14" if len(asked) == 1 else "127.0.0.1", port))]

    def answer(request: httpx.Request) -> httpx.Response:
        reached.append(request)
        return httpx.Response(200)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    egress = Egress("test", timeout=httpx.Timeout(1.0))
    egress._client = httpx.Client(transport=httpx.MockTransport(answer))

    egress.send("GET", egress.usable("https://rebinding.example/x"), headers={})

    (request,) = reached
    assert asked == ["rebinding.example"]
    assert request.url.host == "93.184.215.14"
    assert request.headers["host"] == "rebinding.example"
    assert request.extensions["sni_hostname"] == "rebinding.example"


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://user@example.com/", "file:///etc/passwd", "https:///x"]
)
def test_an_address_that_cannot_be_used_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput):
        Egress("test", timeout=httpx.Timeout(1.0)).usable(url)


def answers(*addresses: str) -> Any:
    return lambda _host, port, **_: [(0, 0, 0, "", (address, port)) for address in addresses]
