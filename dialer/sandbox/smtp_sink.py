"""A mail server that takes everything, forwards nothing, and writes it into the ledger before it says so.

Faults: `smtp.refused` (550 to the recipient), `smtp.busy` (451), `smtp.drop_reply` (taken, then the connection is cut).
"""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from dialer import log

if TYPE_CHECKING:
    from dialer.sandbox.world import World

_log = log.get(__name__)


class Sink:
    """The handler of every connection."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._taken = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if self._world.faults.hits("smtp.refused", address):
            return "550 5.1.1 There is no such mailbox"
        if self._world.faults.hits("smtp.busy", address):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self._taken += 1
        for address in envelope.rcpt_tos:
            await self._world.ledger.record(
                "email",
                to=address,
                from_=envelope.mail_from,
                key=str(mail["Message-ID"] or ""),
                status="taken",
                **_read(mail),
            )
        if self._world.faults.hits("smtp.drop_reply", self._taken):
            cast("asyncio.Transport", server.transport).abort()
        return "250 2.0.0 Taken"


async def serve(world: World, host: str, port: int) -> asyncio.Server | None:
    """Listen for mail. A port that is taken is no reason for the world not to begin."""
    loop = asyncio.get_running_loop()
    sink = Sink(world)
    try:
        return await loop.create_server(lambda: SMTP(sink, loop=loop, hostname="sandbox"), host, port)
    except OSError as error:
        _log.warning("sandbox.no_smtp", port=port, why=str(error))
        return None


def _read(mail: EmailMessage) -> dict[str, Any]:
    body = mail.get_body(preferencelist=("plain",))
    calendars = [part.get_content() for part in mail.iter_attachments() if part.get_content_type() == "text/calendar"]
    return {
        "subject": str(mail["Subject"] or ""),
        "body": body.get_content() if body is not None else "",
        "calendars": [text if isinstance(text, str) else text.decode() for text in calendars],
    }
