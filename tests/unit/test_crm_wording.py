from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialer.crm.retry_after import wait_s
from dialer.crm.wording import lines

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("7", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("9999999", 86_400),
        ("Tue, 24 Nov 2026 15:00:30 GMT", 30),
        ("Tue, 24 Nov 2026 14:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, wait: float | None) -> None:
    assert wait_s(header, now=NOW) == wait


def test_empty_fields_are_not_mentioned() -> None:
    assert lines({"budget": 1200, "city": "Köln", "note": "", "tags": [], "owner": None}) == "budget: 1200\ncity: Köln"
