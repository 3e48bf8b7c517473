"""Who of a role's vendors is healthy. What fails is left alone for a while by all calls of the process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from dialer import log
from dialer.errors import VendorRefused

logger = log.get(__name__)

FAILURES: Final = 3
"""Failures in a row after which a vendor rests; a refusal (credentials, quota) is enough alone."""
REST_S: Final = 20.0


class Named(Protocol):
    """A vendor."""

    name: str


V = TypeVar("V", bound=Named)


class Breaker:
    """Whether a vendor is to be tried. Times come in as arguments."""

    __slots__ = ("_failures", "_rests_until_s")

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until_s = 0.0

    def closed(self, now: float) -> bool:
        """Whether it may be tried."""
        return now >= self._rests_until_s

    def worked(self) -> None:
        """It did what it should."""
        self._failures = 0
        self._rests_until_s = 0.0

    def failed(self, now: float, *, for_good: bool) -> None:
        """It failed; `for_good` if asking again cannot help."""
        self._failures += 1
        if for_good or self._failures >= FAILURES:
            self._rests_until_s = now + REST_S


class Ranked(Generic[V]):
    """One role's vendors with their breakers, shared by all calls of the process."""

    def __init__(self, vendors: Sequence[V]) -> None:
        self._vendors = tuple((vendor, Breaker()) for vendor in vendors)

    @property
    def names(self) -> tuple[str, ...]:
        """The vendors by name, in the installation's order."""
        return tuple(vendor.name for vendor, _ in self._vendors)

    def order(self, now: float, preferred: Sequence[str] = ()) -> list[V]:
        """Who is to be tried, in order: the healthy ones first, the resting ones only after them.

        Args:
            now: the loop's time, in seconds.
            preferred: names that come before the others, in their order; unknown ones are passed over.
        """
        wanted = [pair for name in preferred for pair in self._vendors if pair[0].name == name]
        ranked = wanted + [pair for pair in self._vendors if pair not in wanted]
        healthy = [vendor for vendor, breaker in ranked if breaker.closed(now)]
        return healthy + [vendor for vendor, breaker in ranked if not breaker.closed(now)]

    def worked(self, vendor: Named) -> None:
        """It did what it should."""
        self._breaker(vendor).worked()

    def failed(self, vendor: Named, error: Exception, now: float) -> None:
        """It did not."""
        logger.warning("vendor failed", vendor=vendor.name, error=str(error))
        self._breaker(vendor).failed(now, for_good=isinstance(error, VendorRefused))

    def _breaker(self, vendor: Named) -> Breaker:
        return next(breaker for known, breaker in self._vendors if known is vendor)
