"""An agent's wish for vendors, as it is read and ordered."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.conversation import casting
from dialer.conversation.breakers import FAILURES, REST_S, Ranked
from dialer.errors import VendorBusy, VendorRefused

VENDORS = ("elevenlabs", "openai", "polly")


@dataclass
class Vendor:
    name: str


def ranked() -> Ranked[Vendor]:
    return Ranked([Vendor(name) for name in VENDORS])


def names(vendors: list[Vendor]) -> list[str]:
    return [vendor.name for vendor in vendors]


def test_a_bare_word_is_asked_of_the_first_vendor_only() -> None:
    wish = casting.read(("21m00Tcm4TlvDq8ikWAM",), VENDORS)

    assert [wish.of(name) for name in VENDORS] == ["21m00Tcm4TlvDq8ikWAM", "", ""]
    assert wish.order == ()


def test_each_vendor_is_asked_for_its_own_in_the_wished_order() -> None:
    wish = casting.read(("polly", "openai/coral"), VENDORS)

    assert [wish.of(name) for name in VENDORS] == ["", "coral", ""]
    assert names(ranked().order(0.0, wish.order)) == ["polly", "openai", "elevenlabs"]


def test_a_vendor_that_is_not_installed_is_passed_over() -> None:
    wish = casting.read(("acme/loud", "openai/coral"), VENDORS)

    assert names(ranked().order(0.0, wish.order)) == ["openai", "elevenlabs", "polly"]
    assert wish.of("elevenlabs") == ""


def test_a_vendor_that_fails_again_and_again_rests_and_then_leads_again() -> None:
    vendors = ranked()
    first = vendors.order(0.0)[0]
    for _ in range(FAILURES):
        assert vendors.order(0.0)[0] is first
        vendors.failed(first, VendorBusy("elevenlabs", "down"), 0.0)

    assert names(vendors.order(1.0)) == ["openai", "polly", "elevenlabs"]
    assert names(vendors.order(1.0, ("elevenlabs",))) == ["openai", "polly", "elevenlabs"]
    assert names(vendors.order(REST_S))[0] == "elevenlabs"


def test_a_refusal_is_enough_and_success_forgives() -> None:
    vendors = ranked()
    first = vendors.order(0.0)[0]
    vendors.failed(first, VendorRefused("elevenlabs", "quota", ""), 0.0)
    assert vendors.order(1.0)[-1] is first

    vendors.worked(first)
    assert vendors.order(1.0)[0] is first


def test_all_resting_are_still_tried() -> None:
    vendors = ranked()
    for vendor in vendors.order(0.0):
        vendors.failed(vendor, VendorRefused(vendor.name, "quota", ""), 0.0)

    assert names(vendors.order(1.0)) == list(VENDORS)
