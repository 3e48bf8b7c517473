"""What language models write when they were asked for JSON: read, and held against the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from dialer.errors import VendorBusy


def parsed(text: str, vendor: str) -> dict[str, Any]:
    """Read an object.

    Raises:
        VendorBusy: it is none.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise VendorBusy(vendor, "an answer that is no JSON") from error
    if not isinstance(value, dict):
        raise VendorBusy(vendor, "an answer that is no object")
    return value


def fitting(text: str, schema: Mapping[str, Any], vendor: str) -> dict[str, Any]:
    """Read an object that a JSON schema describes.

    Raises:
        VendorBusy: it is none, or the schema forbids it.
    """
    value = parsed(text, vendor)
    error = next(iter(Draft202012Validator(dict(schema)).iter_errors(value)), None)
    if error is not None:
        raise VendorBusy(vendor, f"an answer that does not fit the schema at {error.json_path}")
    return value
