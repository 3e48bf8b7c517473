"""What OpenAI's SDK raises, as our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

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
    status, code = error.status_code, str(error.code or error.type or error.status_code)
    if code == "insufficient_quota" or not (status >= 500 or status in _TRANSIENT):
        return VendorRefused(vendor, code, error.message)
    return VendorBusy(vendor, f"{status} {code}", _wait_s(error.response.headers))


def _wait_s(headers: Mapping[str, str]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
    return None
