"""What happens to a lead after an outcome: done, or called again, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dialer.errors import BadInput
from dialer.leads.models import LeadState
from dialer.outcomes.models import Disposition

MINUTE, HOUR = 60, 3600

DEFAULT: Mapping[str, Mapping[str, int]] = {
    Disposition.BUSY: {"after_s": 15 * MINUTE, "attempts": 3},
    Disposition.NO_ANSWER: {"after_s": 4 * HOUR, "attempts": 3},
    Disposition.VOICEMAIL: {"after_s": 20 * HOUR, "attempts": 2},
    Disposition.SCREENED: {"after_s": 20 * HOUR, "attempts": 2},
    Disposition.SILENCE: {"after_s": 4 * HOUR, "attempts": 2},
    Disposition.FAILED: {"after_s": HOUR, "attempts": 2},
    Disposition.ABANDONED: {"after_s": 4 * HOUR, "attempts": 2},
    Disposition.CALLBACK: {"after_s": 24 * HOUR, "attempts": 3},
}
"""Disposition → how long until the next attempt, and how many attempts may end so. What is not named ends the lead."""

RETRYABLE = frozenset(DEFAULT)


@dataclass(frozen=True, slots=True)
class Step:
    """A lead's next state."""

    state: LeadState
    why: str
    due_at: datetime | None = None


def policy(given: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, int]]:
    """Complete a campaign's retry policy with the defaults. `{"busy": {"after_s": 600, "attempts": 2}}`; attempts 0 or
    1 never calls again.

    Raises:
        BadInput: a disposition that cannot be retried, or a number that makes no sense.
    """
    merged = {key: dict(value) for key, value in DEFAULT.items()}
    for disposition, rule in (given or {}).items():
        if disposition not in RETRYABLE:
            raise BadInput(f'"{disposition}" is never retried; retry rules are for {", ".join(sorted(RETRYABLE))}.')
        for key, value in rule.items():
            if key not in ("after_s", "attempts") or not isinstance(value, int) or value < 0:
                raise BadInput(f"{disposition}: {key}={value!r}; after_s (seconds) and attempts take whole numbers.")
            merged[disposition][key] = value
    return merged


def next_step(
    disposition: Disposition,
    *,
    ended_so: int,
    attempts: int,
    max_attempts: int,
    retries: Mapping[str, Mapping[str, int]],
    now: datetime,
    callback_at: datetime | None = None,
) -> Step:
    """Decide what follows an outcome.

    Args:
        ended_so: how many attempts at this lead have ended with this disposition, this one included.
        attempts: how many there were in all, this one included.
        callback_at: the time that the person agreed to, if any.
    """
    rule = retries.get(disposition)
    if rule is None:
        return Step(LeadState.DONE, disposition)
    if attempts >= max_attempts:
        return Step(LeadState.DONE, f"{disposition}; all {max_attempts} attempts used")
    if ended_so >= rule["attempts"]:
        return Step(LeadState.DONE, f"{disposition} {ended_so} times")
    if disposition is Disposition.CALLBACK and callback_at is not None:
        return Step(LeadState.WAITING, "callback agreed", max(callback_at, now + timedelta(seconds=MINUTE)))
    return Step(LeadState.WAITING, f"retry after {disposition}", now + timedelta(seconds=rule["after_s"]))
