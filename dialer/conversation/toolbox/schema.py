"""JSON schemas of arguments. Nothing that is not named may be given: no number, no address, no other call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def arguments(*required: str, **properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def text(description: str, *, longest: int = 500) -> Mapping[str, Any]:
    """A string of at most `longest` characters."""
    return {"type": "string", "description": description, "maxLength": longest}
