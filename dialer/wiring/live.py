"""The vendors of live calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.settings import Settings
from dialer.wiring.brains import brain_order, brains
from dialer.wiring.choosing import chosen
from dialer.wiring.speech import RECOGNIZERS, TALKERS, VOICES

if TYPE_CHECKING:
    from dialer.conversation.vendors import LiveVendors


def live_vendors(settings: Settings) -> LiveVendors:
    """Speech and language for live calls, in order of preference: those that are named and have credentials."""
    from dialer.conversation.vendors import LiveVendors

    v = settings.vendors
    return LiveVendors(
        recognizers=chosen(settings.recognizers, RECOGNIZERS, v, "DIALER_RECOGNIZERS"),
        voices=chosen(settings.voices, VOICES, v, "DIALER_VOICES"),
        talkers=chosen(settings.talkers, TALKERS, v, "DIALER_TALKERS"),
        brains=chosen(brain_order(settings), brains(settings), v, "DIALER_BRAINS"),
    )
