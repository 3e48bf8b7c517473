"""Where the outbox goes: CRMs, receivers of webhooks, calendars, and messengers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dialer.settings import Settings
from dialer.wiring.calendars import calendars, names
from dialer.wiring.messaging import channels

if TYPE_CHECKING:
    from dialer.crm.delivery import Destination


def destinations(settings: Settings) -> tuple[str, ...]:
    """Names of the CRMs and receivers that are configured."""
    v = settings.vendors
    configured = {
        "hubspot": bool(v.hubspot_access_token.get_secret_value()),
        "salesforce": bool(v.salesforce_consumer_key),
        "webhook": bool(v.webhook_url),
    }
    return tuple(name for name, given in configured.items() if given)


def everywhere(settings: Settings) -> tuple[str, ...]:
    """Names of all that outbox rows can be sent to; nothing of it is made for that."""
    return (*destinations(settings), *names(settings), *channels(settings))


def crms(settings: Settings) -> Mapping[str, Destination]:
    """The CRMs, receivers and calendars that are configured, by name."""
    from dialer.crm.hubspot import HubSpot
    from dialer.crm.salesforce import Salesforce
    from dialer.crm.webhook import Webhook

    v = settings.vendors
    names = destinations(settings)
    built: dict[str, Destination] = {}
    if "hubspot" in names:
        built["hubspot"] = HubSpot(
            v.hubspot_access_token.get_secret_value(), v.hubspot_base_url, owner_id=v.hubspot_owner_id
        )
    if "salesforce" in names:
        built["salesforce"] = Salesforce(
            v.salesforce_consumer_key,
            v.salesforce_consumer_secret.get_secret_value(),
            v.salesforce_domain,
            base_url=v.salesforce_base_url,
            api_version=v.salesforce_api_version,
            owner_id=v.salesforce_owner_id,
        )
    if "webhook" in names:
        built["webhook"] = Webhook(
            v.webhook_url, v.webhook_secret.get_secret_value(), allow_private=v.webhook_allow_private
        )
    return {**built, **calendars(settings)}
