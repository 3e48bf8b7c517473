"""What a CRM is to us.

An outbox row carries no payload for a contact: the present state is read when it is sent, so that a late retry never
brings back old data. Everything has an idempotency key, and has exactly one effect however often it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Contact:
    """A lead as it stands now. `key` is ours and stable, and unique in the CRM's external id field."""

    key: str
    phone: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    status: str = ""
    """The last disposition, or "" before the first call."""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """A call that is over. `key` derives from the attempt."""

    key: str
    at: datetime
    direction: str
    from_number: str
    to_number: str
    duration_s: int
    disposition: str
    summary: str
    carrier_id: str
    recording_url: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a person must do. `key` derives from the follow-up."""

    key: str
    subject: str
    body: str
    due_at: datetime
    owner: str
    """The owner's e-mail address, or the CRM's own id; empty or unknown there: whoever the integration names, else
    whoever owns the contact, else the integration's user."""
    priority: str = "normal"


@runtime_checkable
class Crm(Protocol):
    """A CRM. Translates and nothing more; no retries, and no vendor exception or type gets out.

    Each method returns the CRM's own id of the record.

    Raises (each of them):
        VendorRefused: the record or the credentials are wrong; a person must look.
        VendorBusy: it did not do it, or says that it failed; `wait_s` if it said how long to wait.
        VendorSilent: it may have been written; sending again has no second effect.
    """

    name: str

    def prepare(self) -> None:
        """Make or look for the fields that hold our keys. Costs nothing once it has succeeded."""
        ...

    def upsert_contact(self, contact: Contact) -> str:
        """Create or update the person."""
        ...

    def log_call(self, activity: Activity, contact_id: str) -> str:
        """Record a call against a person."""
        ...

    def add_task(self, task: Task, contact_id: str) -> str:
        """Give a person something to do."""
        ...

    def check(self) -> str:
        """Ask something harmless that needs our credentials; return whose account it is.

        Used by `dialer doctor --live`.
        """
        ...


@runtime_checkable
class Receiver(Protocol):
    """Somebody else's endpoint that is told of events. It dedupes by `event_id`, the same on every attempt.

    Raises (each of them): as a `Crm` does.
    """

    name: str

    def post(self, event_id: str, document: Mapping[str, Any]) -> None:
        """Hand over one event; `document` is JSON of the form {type, timestamp, data}."""
        ...

    def check(self) -> str:
        """See that it could be reached, without posting anything; return its host."""
        ...
