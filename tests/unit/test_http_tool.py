"""Customer-defined HTTP tools, as an agent's file defines them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dialer.agents.http_tool import HttpTool
from dialer.conversation import tools
from tests.factories import definition

NUMBER = {"type": "object", "properties": {"number": {"type": "string"}}}


def tool(**changes: Any) -> HttpTool:
    values = {
        "name": "order_status",
        "description": "Look up where an order is.",
        "arguments": NUMBER,
        "url": "https://api.example.com/orders/{number}",
    }
    return HttpTool(**(values | changes))


def test_what_the_url_names_is_required_and_nothing_else_may_be_given() -> None:
    assert tool().arguments == {
        "type": "object",
        "properties": {"number": {"type": "string"}},
        "additionalProperties": False,
        "required": ["number"],
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://{number}/orders",
        "https://api.{number}.example.com/",
        "https://api.example.com:{number}/",
        "https://user:password@api.example.com/",
        "https://{number}@api.example.com/",
        "ftp://api.example.com/{number}",
        "//api.example.com/{number}",
        "https://api.example.com/{nothing}",
        "https://api.example.com/{secret.orders}",
        "https://api.example.com/#{number}",
    ],
)
def test_no_argument_or_secret_chooses_where_a_request_goes(url: str) -> None:
    with pytest.raises(ValidationError):
        tool(url=url)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "other.example.com"},
        {"Idempotency-Key": "mine"},
        {"X": "line\r\nInjected: 1"},
        {"X: y\r\nZ": "1"},
        {"X": "{number}"},
        {"X": "{call.person}"},
    ],
)
def test_headers_are_fixed_but_for_secrets(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        tool(headers=headers)


def test_a_schema_that_reaches_outside_is_refused() -> None:
    with pytest.raises(ValidationError):
        tool(arguments={"type": "object", "properties": {"number": {"$ref": "http://127.0.0.1/x"}}})


def test_a_tool_of_ours_cannot_be_replaced() -> None:
    with pytest.raises(ValidationError, match="do_not_call"):
        definition(http_tools=[tool(name="do_not_call")])


def test_the_model_sees_the_schema_and_neither_address_nor_headers() -> None:
    agent = definition(http_tools=[tool(headers={"authorization": "Bearer {secret.orders}"})])

    (seen,) = [spec for spec in tools.specs(agent) if spec.name == "order_status"]

    assert seen.parameters == tool().arguments
    assert "secret" not in repr(seen)
    assert "example.com" not in repr(seen)
