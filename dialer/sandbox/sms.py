"""Text messages: what the account sent and what people sent it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dialer.sandbox.carrier_calls import new_sid, rfc2822
from dialer.sandbox.carrier_errors import TwilioError
from dialer.sandbox.carrier_orders import dialable
from dialer.sandbox.carrier_twiml import TwimlInvalid, parse
from dialer.sandbox.carrier_webhooks import Webhooks
from dialer.sandbox.ledger import Line
from dialer.sandbox.world import OwnNumber, World

_STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
_START_WORDS = frozenset({"start", "yes", "unstop"})
_STEP_S = 0.5
_CHARACTERS_PER_SEGMENT = 160


@dataclass(slots=True)
class Message:
    """One text message."""

    to: str
    from_: str
    body: str
    direction: str
    status: str
    callback: str = ""
    sid: str = field(default_factory=lambda: new_sid("SM"))
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent_at: datetime | None = None

    def resource(self, account_sid: str) -> dict[str, Any]:
        """The message as Twilio's JSON."""
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "to": self.to,
            "from": self.from_,
            "direction": self.direction,
            "status": self.status,
            "num_segments": str(-(-len(self.body) // _CHARACTERS_PER_SEGMENT)),
            "num_media": "0",
            "error_code": None,
            "error_message": None,
            "messaging_service_sid": None,
            "price": None,
            "price_unit": "USD",
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.sent_at or self.created_at),
            "date_sent": rfc2822(self.sent_at),
            "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}.json",
            "subresource_uris": {"media": f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}/Media.json"},
        }


class Texting:
    """Takes messages, delivers them, and knows who has texted STOP."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self._world, self._webhooks = world, webhooks
        self._by_sid: dict[str, Message] = {}
        self._stopped: set[tuple[str, str]] = set()

    def get(self, sid: str) -> Message | None:
        """One message."""
        return self._by_sid.get(sid)

    def find(self, *, to: str | None, from_: str | None) -> list[Message]:
        """The messages, newest first."""
        return [
            message
            for message in reversed(self._by_sid.values())
            if to in (None, message.to) and from_ in (None, message.from_)
        ]

    async def take(self, form: Mapping[str, str]) -> Message:
        """Accept a message of the account; it is on disk when this returns.

        Raises:
            TwilioError: it cannot be sent; nothing has happened.
        """
        to, from_, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        if not to:
            raise TwilioError(21604)
        if not from_:
            raise TwilioError(21603)
        if not body:
            raise TwilioError(21602)
        if not dialable(to):
            raise TwilioError(21211, to)
        if from_ not in self._world.numbers:
            raise TwilioError(21606, from_)
        if (to, from_) in self._stopped:
            raise TwilioError(21610, to)
        message = Message(to, from_, body, "outbound-api", "queued", form.get("StatusCallback", ""))
        await self._keep(message)
        self._world.start(self._deliver(message))
        return message

    async def receive(self, number: OwnNumber, from_: str, body: str) -> Message:
        """A person texts one of the account's numbers."""
        message = Message(number.number, from_, body, "inbound", "received")
        self._heed(message)
        await self._keep(message)
        if number.sms_url:
            self._world.start(self._hand_over(message, number.sms_url))
        return message

    def recall(self, line: Line) -> None:
        """Take over a message of an earlier run from its line in the ledger."""
        status = "received" if line["direction"] == "inbound" else "delivered"
        at = datetime.fromisoformat(line["at"])
        message = Message(line["to"], line["from"], line["body"], line["direction"], status, "", line["key"], at, at)
        self._by_sid[message.sid] = message
        if message.direction == "inbound":
            self._heed(message)

    def _heed(self, message: Message) -> None:
        word, pair = message.body.strip().lower(), (message.from_, message.to)
        if word in _STOP_WORDS:
            self._stopped.add(pair)
        elif word in _START_WORDS:
            self._stopped.discard(pair)

    async def _keep(self, message: Message) -> None:
        self._by_sid[message.sid] = message
        await self._world.ledger.record(
            "sms",
            carrier_id=message.sid,
            to=message.to,
            from_=message.from_,
            key=message.sid,
            status=message.status,
            direction=message.direction,
            body=message.body,
        )

    async def _deliver(self, message: Message) -> None:
        for status in ("sent", "delivered"):
            await asyncio.sleep(self._world.options.wait_s(_STEP_S))
            message.status = status
            message.sent_at = message.sent_at or datetime.now(UTC)
            if message.callback:
                parameters = {**self._parameters(message), "MessageStatus": status, "SmsStatus": status}
                await self._webhooks.ask(None, message.callback, parameters, event="sms")

    async def _hand_over(self, message: Message, url: str) -> None:
        more = {"Body": message.body, "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received"}
        reply = await self._webhooks.ask(None, url, {**self._parameters(message), **more}, event="sms")
        if not reply.good:
            return
        try:
            answers = parse(reply.body).findall("Message")
        except TwimlInvalid:
            return
        for answer in answers:
            body = "".join(answer.itertext()).strip()
            if body and (message.from_, message.to) not in self._stopped:
                back = Message(message.from_, message.to, body, "outbound-reply", "queued")
                await self._keep(back)
                await self._deliver(back)

    def _parameters(self, message: Message) -> dict[str, str]:
        return {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": self._world.options.account_sid,
            "ApiVersion": "2010-04-01",
            "To": message.to,
            "From": message.from_,
        }
