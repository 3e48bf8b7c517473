"""E-mail by SMTP. Until the last dot nothing is sent; what happens after it nobody can ask.

Source: RFC 5321.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from dialer.errors import VendorBusy, VendorRefused, VendorSilent
from dialer.followups.base import Message

VENDOR: Final = "email"
TIMEOUT_S: Final = 10.0


class Smtp:
    """One mail server.

    Args:
        host: its name.
        port: usually 587 for starttls, 465 for tls.
        sender: what From says, as in "Loomline <hello@loomline.example>".
        username: empty: none is needed.
        password: of the user.
        security: how the connection is kept private.
    """

    name = VENDOR

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        username: str = "",
        password: str = "",
        security: Literal["starttls", "tls", "none"] = "starttls",
    ) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._username, self._password, self._security = username, password, security

    def send(self, message: Message) -> str:
        """Hand one e-mail over; its Message-ID, which comes from our key, is its id."""
        mail = compose(message, sender=self._sender, at=datetime.now(UTC))
        with self._connected() as server:
            sender = str(mail["From"].addresses[0].addr_spec)
            self._command(server, *server.mail(sender))
            self._command(server, *server.rcpt(message.to_address))
            self._command(server, *server.docmd("DATA"), good=354)
            try:
                # From here on it may have been sent: smtplib's own `data` would hide on which side of this we failed.
                server.send(_dotted(mail.as_bytes()))
                code, said = server.getreply()
            except (OSError, smtplib.SMTPException) as error:
                raise VendorSilent(VENDOR, f"no answer: {error!r}") from error
            if 400 <= code < 600:
                self._command(server, code, said)
            elif not 200 <= code < 300:
                raise VendorSilent(VENDOR, f"an answer that says nothing: {code} {said!r:.200}")
        return str(mail["Message-ID"])

    def sent(self, message: Message, *, since: datetime) -> str | None:
        """Nobody can be asked.

        Raises:
            VendorRefused: always.
        """
        raise VendorRefused(VENDOR, "CANNOT_TELL", "a mail server cannot be asked what it has sent")

    def check(self) -> str:
        """Connect and log in."""
        with self._connected():
            return f"SMTP {self._host}"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A server that listens to us.

        Raises:
            VendorBusy, VendorRefused: it does not; nothing was sent.
        """
        secure = ssl.create_default_context()
        try:
            if self._security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=secure)
            else:
                server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        except (OSError, smtplib.SMTPException) as error:
            raise VendorBusy(VENDOR, f"cannot connect: {error}") from error
        try:
            server.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                server.starttls(context=secure)
            if self._username:
                server.login(self._username, self._password)
            yield server
        except smtplib.SMTPAuthenticationError as error:
            raise VendorRefused(VENDOR, str(error.smtp_code), "wrong user or password") from error
        except (OSError, smtplib.SMTPException) as error:
            raise VendorBusy(VENDOR, f"nothing was sent: {error!r}") from error
        finally:
            server.close()

    @staticmethod
    def _command(_server: smtplib.SMTP, code: int, said: bytes, *, good: int = 250) -> None:
        """Read the reply to a command: 4xx is not now, 5xx is not ever."""
        text = said.decode(errors="replace")[:200]
        if code >= 500:
            raise VendorRefused(VENDOR, str(code), text)
        if code not in (good, 251, 252):
            raise VendorBusy(VENDOR, f"answered {code} {text}")


def compose(message: Message, *, sender: str, at: datetime) -> EmailMessage:
    """Write an e-mail. The same message always has the same Message-ID, by which a receiver can tell a second one."""
    mail = EmailMessage()
    mail["From"] = message.from_address or sender
    mail["To"] = message.to_address
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(at)
    domain = str(mail["From"].addresses[0].domain) or "dialer.invalid"
    mail["Message-ID"] = f"<{message.key}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    if message.invitation:
        text = message.invitation.decode()
        method = "CANCEL" if "\nMETHOD:CANCEL" in text else "PUBLISH"  # RFC 6047: it says what the object says
        mail.add_attachment(text, subtype="calendar", filename="invitation.ics", params={"method": method})
    return mail


def _dotted(raw: bytes) -> bytes:
    """A message as DATA takes it: lines end in CRLF, a leading dot is doubled, and a lone dot ends it."""
    lines = [b"." + line if line.startswith(b".") else line for line in raw.splitlines()]
    return b"\r\n".join(lines) + b"\r\n.\r\n"
