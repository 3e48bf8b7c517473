"""Every error we raise on purpose descends from `DialerError`.

    DialerError
      PermanentError      asking again cannot help              API 4xx, exit 1
        BadInput          what was given is wrong               422, exit 2
        NotFound          no such row                           404
        Conflict          it exists already, or is in use       409
          IllegalMove     the state table forbids it            409
        NotAllowed        the caller may not                    403
        CarrierRefused    the carrier said no                   422
        VendorRefused     a vendor said no                      502
      TransientError      asking again is safe and may help     503
        CarrierBusy       the carrier never processed it
        VendorBusy        429, 5xx, connection refused
      UnknownEffect       it may have happened: settle, never repeat   502
        CarrierSilent     timeout, reset, 5xx after sending
        VendorSilent      the same of any other vendor

The class decides whether to retry and which HTTP status; nobody parses messages.
"""

from __future__ import annotations

from enum import StrEnum


class DialerError(Exception):
    """Root of every error that Dialer raises on purpose."""

    status = 500


class PermanentError(DialerError):
    """Asking again cannot help."""

    status = 400


class BadInput(PermanentError):
    """What was given is wrong; the message says what, where and what to do."""

    status = 422


class NotFound(PermanentError):
    """There is no such row, or it belongs to another organization."""

    status = 404

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} {key}.")
        self.what, self.key = what, key


class Conflict(PermanentError):
    """It exists already, or somebody else is using it."""

    status = 409


class IllegalMove(Conflict):
    """The state table has no such step."""

    def __init__(self, what: str, key: object, here: object, to: object) -> None:
        super().__init__(f"The {what} {key} is {here}; it cannot become {to}.")
        self.here, self.to = here, to


class NotAllowed(PermanentError):
    """The caller is known but may not do this."""

    status = 403


class Reach(StrEnum):
    """Who stops after a refusal."""

    LEAD = "lead"
    CALLER_ID = "caller_id"
    CAMPAIGN = "campaign"


class CarrierRefused(PermanentError):
    """The carrier will not place this call, and `reach` says who stops."""

    status = 422

    def __init__(self, code: str, message: str, reach: Reach) -> None:
        super().__init__(f"The carrier refused ({code}): {message}")
        self.code, self.reach = code, reach


class VendorRefused(PermanentError):
    """A vendor said no, for good: wrong credentials, an invalid field, an unknown voice."""

    status = 502

    def __init__(self, vendor: str, code: str, message: str) -> None:
        super().__init__(f"{vendor} refused ({code}): {message}")
        self.vendor, self.code = vendor, code


class TransientError(DialerError):
    """Asking again is safe and may help; `wait_s` is how long the other side asked us to wait, if it did."""

    status = 503

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class CarrierBusy(TransientError):
    """The carrier never processed the request: 429, or nothing was sent."""


class VendorBusy(TransientError):
    """A vendor is slowing us down or is unwell."""

    def __init__(self, vendor: str, message: str, wait_s: float | None = None) -> None:
        super().__init__(f"{vendor}: {message}", wait_s)
        self.vendor = vendor


class UnknownEffect(DialerError):
    """It may have happened. Settle it by asking; never repeat it."""

    status = 502


class CarrierSilent(UnknownEffect):
    """Nobody knows whether it rings."""


class VendorSilent(UnknownEffect):
    """Nobody knows whether the vendor did it."""

    def __init__(self, vendor: str, message: str) -> None:
        super().__init__(f"{vendor}: {message}")
        self.vendor = vendor
