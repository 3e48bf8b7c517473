"""What carries messages to people, for us: each sends one, once, and says what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A text message or an e-mail, whole."""

    key: str
    """Ours: of the outbox row."""
    to_address: str
    from_address: str
    """Empty: the messenger's own."""
    body: str
    subject: str = ""
    invitation: bytes = b""
    """An iCalendar object that goes with it."""


class Messenger(Protocol):
    """Sends. Translates and nothing more; never repeats, and no vendor exception or type gets out."""

    name: str

    def send(self, message: Message) -> str:
        """Send a message; return the vendor's own id of it.

        Raises:
            VendorRefused: it will not; nothing was sent.
            VendorBusy: nothing was sent, and asking again is safe.
            VendorSilent: nobody knows whether it was sent. Never again: ask `sent`.
        """
        ...

    def sent(self, message: Message, *, since: datetime) -> str | None:
        """Whether this message was taken since a moment: its id, or None if it was not.

        Raises:
            VendorRefused: the vendor cannot tell.
            VendorBusy, VendorSilent: it could not be asked.
        """
        ...

    def check(self) -> str:
        """Ask something harmless that needs our credentials; return whose account it is."""
        ...
