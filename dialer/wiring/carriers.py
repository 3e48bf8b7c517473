"""Phone carriers."""

from __future__ import annotations

from dialer.errors import BadInput
from dialer.settings import Settings
from dialer.telephony.base import Carrier

CARRIERS = ("twilio", "signalwire")


def carrier(settings: Settings) -> Carrier:
    """The phone carrier that the settings name.

    Raises:
        BadInput: there is none of that name.
    """
    v = settings.vendors
    if settings.carrier == "signalwire":
        from dialer.telephony.signalwire import SignalWire

        return SignalWire(
            project_id=v.signalwire_project_id,
            api_token=v.signalwire_api_token.get_secret_value(),
            signing_key=v.signalwire_signing_key.get_secret_value(),
            space=v.signalwire_space,
            base_url=v.signalwire_base_url,
        )
    if settings.carrier != "twilio":
        raise BadInput(f"DIALER_CARRIER: {settings.carrier} is unknown; known: {', '.join(CARRIERS)}.")
    from dialer.telephony.twilio import Twilio

    return Twilio(
        account_sid=v.twilio_account_sid, auth_token=v.twilio_auth_token.get_secret_value(), base_url=v.twilio_base_url
    )
