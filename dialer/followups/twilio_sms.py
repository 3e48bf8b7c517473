"""Text messages through Twilio's REST interface, and SignalWire's compatible one by its base URL.

Source: https://www.twilio.com/docs/messaging/api/message-resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from dialer.crm.retry_after import wait_s
from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.followups.base import Message

VENDOR: Final = "sms"
TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)
CLOCKS_APART: Final = timedelta(seconds=60)
"""By how much the carrier's clock may be behind ours."""


class TwilioSms:
    """Messages of one account. Empty `base_url`: Twilio's own."""

    name = VENDOR

    def __init__(self, *, account_sid: str, auth_token: str, base_url: str = "") -> None:
        self._account_sid = account_sid
        self._client = httpx.Client(
            base_url=f"{(base_url or 'https://api.twilio.com').rstrip('/')}/2010-04-01/Accounts/{account_sid}",
            auth=(account_sid, auth_token),
            timeout=TIMEOUT,
            follow_redirects=False,
        )

    @property
    def account(self) -> str:
        """The account's own URL."""
        return str(self._client.base_url).rstrip("/")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, message: Message) -> str:
        """POST one message."""
        sent = self._ask("POST", "/Messages.json", data=_form(message))
        if not sent.get("sid"):
            raise VendorSilent(VENDOR, "the carrier accepted, but gave no id")
        return str(sent["sid"])

    def sent(self, message: Message, *, since: datetime) -> str | None:
        """Look for the message among those to the same person since a moment: same words, same number."""
        query = {"To": message.to_address, "From": message.from_address, "PageSize": "100"}
        for found in self._ask("GET", "/Messages.json", params=query).get("messages", ()):
            created = parsedate_to_datetime(found["date_created"])
            if found.get("body") == message.body and created >= since - CLOCKS_APART:
                return str(found["sid"])
        return None

    def check(self) -> str:
        """Read the account."""
        return f"SMS of {self._ask('GET', '.json').get('friendly_name') or self._account_sid}"

    def _ask(self, method: str, path: str, **what: Any) -> Mapping[str, Any]:
        try:
            answer = self._client.request(method, path, **what)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise VendorBusy(VENDOR, f"cannot connect: {error}") from error
        except httpx.HTTPError as error:
            raise VendorSilent(VENDOR, f"no answer: {error!r}") from error
        if answer.status_code == 429:
            raise VendorBusy(VENDOR, "answered 429", wait_s(answer.headers.get("retry-after"), now=datetime.now(UTC)))
        if answer.status_code == 408 or answer.status_code >= 500:
            raise VendorSilent(VENDOR, f"answered {answer.status_code}")
        try:
            body = answer.json()
        except ValueError:
            body = {}
        if not answer.is_success:
            raise VendorRefused(VENDOR, str(body.get("code") or answer.status_code), str(body.get("message") or ""))
        return body if isinstance(body, dict) else {}


def _form(message: Message) -> dict[str, str]:
    return {"To": message.to_address, "From": message.from_address, "Body": message.body}
