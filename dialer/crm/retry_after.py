"""How long a vendor asked us to wait, from its `Retry-After` header."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_WAIT_S = 86_400.0


def wait_s(header: str | None, *, now: datetime) -> float | None:
    """Read a `Retry-After` header.

    Args:
        header: its value, seconds or an HTTP date; None or "" if it was not sent.
        now: the wall clock, aware; the vendor's date is compared with it.

    Returns:
        Seconds from `now`, at least 0 and at most a day; None if there is no header or nobody can read it.

    Source: RFC 9110, section 10.2.3.
    """
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), MAX_WAIT_S) if seconds == seconds else None
