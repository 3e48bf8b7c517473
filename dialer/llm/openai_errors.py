"""What OpenAI's SDK raises and its server answers, as our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from dialer.errors import VendorBusy, VendorRefused

if TYPE_CHECKING:
    import openai

VENDOR: Final = "openai"
_TRANSIENT: Final = frozenset({408, 409, 425, 429})


def translate(sdk: Any, error: openai.OpenAIError, vendor: str = VENDOR) -> VendorBusy | VendorRefused:
    """Return the error of ours that an error of the SDK stands for.

    Args:
        sdk: the module `openai`, which only its adapters import.
        error: what was raised.
        vendor: what the operator calls the server that it came from.
    """
    if not isinstance(error, sdk.APIStatusError):  # connection, timeout, an error inside a stream
        return VendorBusy(vendor, repr(error))
    code = str(error.code or error.type or error.status_code)
    return _by_status(error.status_code, code, error.message, error.response.headers, vendor)


def translate_reply(
    status: int, headers: Mapping[str, str], body: bytes, *, vendor: str = VENDOR
) -> VendorBusy | VendorRefused:
    """Return the error of ours that a reply stands for: OpenAI's error object, or whatever a server like it sends."""
    try:
        said = orjson.loads(body)["error"]
        code, message = str(said.get("code") or said.get("type") or status), str(said.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message = str(status), body.decode("utf-8", "replace")[:200]
    return _by_status(status, code, message, headers, vendor)


def _by_status(
    status: int, code: str, message: str, headers: Mapping[str, str], vendor: str
) -> VendorBusy | VendorRefused:
    if code == "insufficient_quota" or not (status >= 500 or status in _TRANSIENT):
        return VendorRefused(vendor, code, message)
    return VendorBusy(vendor, f"{status} {code}", _wait_s(headers))


def _wait_s(headers: Mapping[str, str]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
    return None
