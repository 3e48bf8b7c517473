"""JSON schemas in an agent's definition: of what its tools are asked with, and of what its calls are read for."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError


def of_object(value: dict[str, Any]) -> dict[str, Any]:
    """Return `value` if it is the JSON schema of an object.

    Raises:
        ValueError: it is no schema, or of something else.
    """
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise ValueError(f"no JSON schema: {error.message}") from error
    if value.get("type") != "object":
        raise ValueError('a JSON schema of type "object" is needed')
    return value
