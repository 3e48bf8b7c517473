"""What ticks. A tick carries nothing and expires: of many that piled up, one is enough."""

from __future__ import annotations

from typing import Any

EVERY_S = {
    "campaigns.tick": 1.0,
    "campaigns.watch_seats": 0.5,
    "campaigns.wake_claimed": 2.0,
    "campaigns.sweep": 5.0,
    "campaigns.compare_with_carrier": 300.0,
    "outbox.sweep_documents": 10.0,
}
"""Task → how often, in seconds."""


def schedule() -> dict[str, dict[str, Any]]:
    """The beat schedule, as Celery reads it."""
    return {
        name: {
            "task": name,
            "schedule": every_s,
            "options": {"queue": name.partition(".")[0], "expires": max(2.0, every_s)},
        }
        for name, every_s in EVERY_S.items()
    }
