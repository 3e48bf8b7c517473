"""A tool of the customer's own: an HTTP request that the agent may have sent, with arguments that it chooses.

    [[http_tools]]
    name = "order_status"
    description = "Look up where an order is."
    method = "GET"
    url = "https://api.example.com/orders/{number}"
    headers = { authorization = "Bearer {secret.orders}" }
    result = "order.status"

    [http_tools.arguments.properties.number]
    type = "string"

The host stands in the definition, so that nothing that is said on the phone can choose it. What the URL does not name
among the arguments goes into the query (GET, DELETE) or into a JSON body.
"""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dialer.agents import json_schema

OURS = frozenset({"call.id", "call.person", "lead.first_name", "lead.last_name", "lead.company", "lead.email"})
"""What a URL may name beside the arguments: facts of this call, which nobody on the phone can change."""
NAMED = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
SECRET = re.compile(r"\{secret\.([a-z][a-z0-9_]*)\}")
RESERVED_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "idempotency-key"})


class HttpTool(BaseModel):
    """One request that an agent may have sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,47}$")
    description: str = Field(min_length=10, max_length=500)
    arguments: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON schema of the arguments; what it does not name is refused."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    """Values may name secrets of the installation: {secret.orders}."""
    timeout_s: float = Field(default=4.0, gt=0, le=8)
    most_bytes: int = Field(default=20_000, ge=1, le=1_000_000)
    """Of the answer. A longer one counts as a failure."""
    result: str = Field(default="", pattern=r"^[\w.-]*$")
    """Where the result is in a JSON answer: names and indices, as in `items.0.price`; empty: all of it."""
    most_characters: int = Field(default=1500, ge=1, le=8000)
    """Of the result that the model is told."""

    @field_validator("arguments")
    @classmethod
    def _is_schema(cls, value: dict[str, Any]) -> dict[str, Any]:
        value.setdefault("type", "object")
        json_schema.of_object(value)
        if "$ref" in str(value):
            raise ValueError("$ref is not followed")
        value.setdefault("properties", {})
        value.setdefault("additionalProperties", False)
        return value

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, content in value.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or name.lower() in RESERVED_HEADERS:
                raise ValueError(f"{name!r} is no header that may be set")
            if not (content.isascii() and content.isprintable()):
                raise ValueError(f"the value of {name!r} must be printable ASCII")
            if set(NAMED.findall(content)) - {f"secret.{secret}" for secret in SECRET.findall(content)}:
                raise ValueError(f"the value of {name!r} may name secrets only")
        return value

    @model_validator(mode="after")
    def _url_is_fixed(self) -> HttpTool:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc or "@" in parts.netloc:
            raise ValueError("url: an https address is needed whose host is fixed and names no user")
        named = set(NAMED.findall(self.url)) - OURS
        if unknown := named - set(self.arguments["properties"]):
            raise ValueError(f"url: names {sorted(unknown)}, which are no arguments; beside those: {sorted(OURS)}")
        if parts.fragment:
            raise ValueError("url: a fragment is never sent")
        self.arguments["required"] = sorted(named | set(self.arguments.get("required", ())))
        return self

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the secrets that its headers need."""
        return frozenset(name for content in self.headers.values() for name in SECRET.findall(content))
