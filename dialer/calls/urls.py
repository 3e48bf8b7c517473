"""The URLs that we give the carrier. Each carries the call's id, so that the first callback names the attempt."""

from __future__ import annotations

from uuid import UUID

# The carrier repeats a webhook three times when we answer 5xx or cannot be reached. A fragment is not signed.
RETRIES = "#rc=3&rp=5xx,ct,rt"


def voice(public_url: str, kind: str, call_id: UUID | str) -> str:
    """The webhook of a kind (answer, status, amd, recording, continue) for a call, as the carrier signs it."""
    return f"{public_url.rstrip('/')}/voice/{kind}/{call_id}"


def for_carrier(public_url: str, kind: str, call_id: UUID | str) -> str:
    """The same with the carrier's retry policy behind it."""
    return voice(public_url, kind, call_id) + RETRIES


def for_turn(public_url: str, call_id: UUID | str, *, after: int) -> str:
    """The webhook of a call's next turn, after so many: a repeated request is known by the number."""
    return f"{voice(public_url, 'turn', call_id)}?after={after}{RETRIES}"


def call_of(url: str) -> str | None:
    """The call's id in one of our URLs, or None: it is not one of ours."""
    path = url.partition("#")[0].partition("?")[0].rstrip("/").split("/")
    return path[-1] if len(path) >= 3 and path[-3] == "voice" else None
