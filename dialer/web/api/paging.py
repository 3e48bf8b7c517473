"""Lists in pages: an opaque cursor names the last row that was seen, so that rows that come and go shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from dialer.errors import BadInput

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.", max_length=200)]


class Page(BaseModel, Generic[Item]):
    """Some items, and the cursor of those that follow; null on the last page."""

    items: list[Item]
    next: str | None


def cut(found: list[Item], limit: int, cursor: str) -> Page[Item]:
    """Return a page of `limit` out of what was found, one more having been asked for to see whether any follow."""
    return Page(items=found[:limit], next=cursor if len(found) > limit else None)


def encode(*parts: object) -> str:
    """Make a cursor."""
    return base64.urlsafe_b64encode(json.dumps([str(part) for part in parts]).encode()).decode().rstrip("=")


def moment_and_id(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Read the cursor of a list in order of time.

    Raises:
        BadInput: it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        moment, key = _parts(cursor)
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError("no time zone")
        return at, UUID(key)
    except ValueError as error:
        raise BadInput("This cursor is not one of ours: give `next` of the page before.") from error


def number(cursor: str | None) -> int:
    """Read the cursor of a list in order of numbers; 0 for the first page.

    Raises:
        BadInput: it is not one of ours.
    """
    try:
        (last,) = _parts(cursor) if cursor else ("0",)
        return min(int(last), 2**62)
    except ValueError as error:
        raise BadInput("This cursor is not one of ours: give `next` of the page before.") from error


def _parts(cursor: str) -> list[str]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(cursor) from error
    if not isinstance(parts, list):
        raise ValueError(cursor)
    return [str(part) for part in parts]
