"""What every request to the carrier's API has in common: credentials, forms, dates and paging."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from dialer.sandbox.carrier_errors import TwilioError
from dialer.sandbox.world import World

_T = TypeVar("_T")
_basic = HTTPBasic(auto_error=False)
_MOST_PER_PAGE = 1000


def world_of(request: Request) -> World:
    """The world that a request came to."""
    world = request.app.state.world
    assert isinstance(world, World)
    return world


def require_account(
    request: Request, account: str, credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)]
) -> None:
    """Let only the account's owner in.

    Raises:
        TwilioError: 20003 for wrong credentials, 20404 for another account.
    """
    options = world_of(request).options
    if (
        credentials is None
        or not secrets.compare_digest(credentials.username.encode(), options.account_sid.encode())
        or not secrets.compare_digest(credentials.password.encode(), options.auth_token.encode())
    ):
        raise TwilioError(20003)
    if account != options.account_sid:
        raise TwilioError(20404, f"Accounts/{account}")


async def form_of(request: Request) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The form of a POST: the last value of each name, and all of them."""
    form = await request.form()
    every: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        every.setdefault(name, []).append(str(value))
    return {name: values[-1] for name, values in every.items()}, every


def moment(value: str) -> datetime:
    """Read a date or a date and time of a filter, UTC.

    Raises:
        TwilioError: 20001, it is neither.
    """
    try:
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise TwilioError(20001, f"{value!r} is no date") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def page(request: Request, key: str, items: Sequence[_T], show: Callable[[_T], dict[str, Any]]) -> dict[str, Any]:
    """One page of a list, with the links to the others; they are relative to the carrier's base URL."""
    query = request.query_params
    try:
        size = min(max(int(query.get("PageSize", "50")), 1), _MOST_PER_PAGE)
        number = max(int(query.get("Page", "0")), 0)
    except ValueError as error:
        raise TwilioError(20001, "Page and PageSize are numbers") from error
    path = request.url.path.removeprefix("/twilio")
    filters = [(name, value) for name, value in query.multi_items() if name not in ("Page", "PageSize", "PageToken")]

    def link(to: int) -> str:
        return f"{path}?{urlencode([*filters, ('PageSize', size), ('Page', to)])}"

    first = number * size
    shown = [show(item) for item in items[first : first + size]]
    return {
        key: shown,
        "page": number,
        "page_size": size,
        "start": first,
        "end": first + max(len(shown) - 1, 0),
        "uri": link(number),
        "first_page_uri": link(0),
        "previous_page_uri": link(number - 1) if number else None,
        "next_page_uri": link(number + 1) if first + size < len(items) else None,
    }
