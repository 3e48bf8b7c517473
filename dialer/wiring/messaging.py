"""How messages reach people: texts and mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dialer.settings import Settings

if TYPE_CHECKING:
    from dialer.followups.base import Messenger


def channels(settings: Settings) -> tuple[str, ...]:
    """Names of the channels that are configured."""
    v = settings.vendors
    configured = {
        "sms": _by_signalwire(settings) or bool(v.twilio_account_sid),
        "email": bool(v.smtp_host),
    }
    return tuple(name for name, given in configured.items() if given)


def messengers(settings: Settings) -> Mapping[str, Messenger]:
    """How messages reach people, by channel: those that are configured."""
    v = settings.vendors
    names = channels(settings)
    built: dict[str, Messenger] = {}
    if _by_signalwire(settings):
        from dialer.followups.twilio_sms import TwilioSms
        from dialer.telephony.signalwire import address

        built["sms"] = TwilioSms(
            account_sid=v.signalwire_project_id,
            auth_token=v.signalwire_api_token.get_secret_value(),
            base_url=v.signalwire_base_url or address(v.signalwire_space),
        )
    elif "sms" in names:
        from dialer.followups.twilio_sms import TwilioSms

        built["sms"] = TwilioSms(
            account_sid=v.twilio_account_sid,
            auth_token=v.twilio_auth_token.get_secret_value(),
            base_url=v.twilio_base_url,
        )
    if "email" in names:
        from dialer.followups.smtp import Smtp

        built["email"] = Smtp(
            v.smtp_host,
            v.smtp_port,
            v.smtp_sender,
            username=v.smtp_username,
            password=v.smtp_password.get_secret_value(),
            security=v.smtp_security,
        )
    return built


def _by_signalwire(settings: Settings) -> bool:
    return settings.carrier == "signalwire" and bool(settings.vendors.signalwire_project_id)
