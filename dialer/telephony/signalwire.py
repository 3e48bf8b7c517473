"""SignalWire's compatible ("cXML") API: Twilio's at the space's own address, with these differences.

- All lies below `https://<space>.signalwire.com/api/laml`; the account is the project's id, a UUID as are all ids.
- Webhooks are signed by the project's signing key, not by the API token, in `X-SignalWire-Signature`.
- A refusal is a list of errors, which the SDK cannot read.
- There are no Events of a call and no verified numbers of others: a call that cannot be told apart is held, and caller
  ids are the numbers that were bought.

Source: SignalWire, "Compatibility API" and "Webhook Security".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson
from twilio.request_validator import RequestValidator

from dialer.telephony.twilio import LIST_LIMIT, Twilio, asking


def address(space: str) -> str:
    """Where a space's compatible API lies."""
    host = space if "." in space else f"{space}.signalwire.com"
    return f"https://{host}/api/laml"


class SignalWire(Twilio):
    """The carrier, for one project."""

    def __init__(self, *, project_id: str, api_token: str, signing_key: str, space: str, base_url: str = "") -> None:
        """Describe the project.

        Args:
            project_id: its id, which stands where Twilio has the account's.
            api_token: of the project, with the scope Voice.
            signing_key: what webhooks are signed with.
            space: the space's host, such as `acme.signalwire.com`, or just `acme`.
            base_url: of a server that speaks the same, with the path below which `/2010-04-01` lies; empty: the space.
        """
        super().__init__(account_sid=project_id, auth_token=api_token, base_url=base_url or address(space))
        self._signing_key = signing_key
        self._signatures = RequestValidator(signing_key)

    def caller_ids(self) -> list[str]:
        """Numbers that the project has bought."""
        with asking("project", self._account_sid):
            bought = self._client.incoming_phone_numbers.list(limit=LIST_LIMIT)
        return sorted({number.phone_number for number in bought if number.phone_number})

    def asked_urls(self, carrier_id: str) -> list[str]:
        """Nothing: SignalWire keeps no list of the requests that it made for a call."""
        return []

    def verify(self, url: str, params: Mapping[str, str] | str, headers: Mapping[str, str]) -> bool:
        """Check the signature by the signing key: over the form's fields as Twilio does, or over a raw body."""
        signature = headers.get("x-signalwire-signature") or headers.get("x-twilio-signature") or ""
        if not signature or not self._signing_key:
            return False
        if isinstance(params, str):
            signed = hmac.new(self._signing_key.encode(), (url + params).encode(), hashlib.sha1).hexdigest()
            return hmac.compare_digest(signed.encode(), signature.encode())
        return bool(self._signatures.validate(url, dict(params), signature))

    @staticmethod
    def _readable(body: str) -> str:
        """Make the first of a list of errors the one error that the SDK reads."""
        try:
            first: Any = orjson.loads(body)["errors"][0]
            return orjson.dumps({"code": first["code"], "message": first.get("message", ""), "status": 400}).decode()
        except (orjson.JSONDecodeError, IndexError, KeyError, TypeError):
            return body
