"""Who of a role's vendors is healthy. What fails is left alone for a while by all calls of the process, and then tried
by one of them: if it is still dead, only one person has waited for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from dialer import log
from dialer.errors import VendorRefused

logger = log.get(__name__)

FAILURES: Final = 3
"""Failures in a row after which a vendor rests; a refusal (credentials, quota) is enough alone."""
REST_S: Final = 20.0
TRIAL_S: Final = 10.0
"""A call that tries a vendor after its rest has so long to say how it went; then another one may try."""


class Named(Protocol):
    """A vendor."""

    name: str


V = TypeVar("V", bound=Named)


class Breaker:
    """Whether a vendor is to be tried. Times come in as arguments."""

    __slots__ = ("_failures", "_open", "_rests_until_s")

    def __init__(self) -> None:
        self._failures = 0
        self._open = False
        self._rests_until_s = 0.0

    def admits(self, now: float) -> bool:
        """Whether the caller may try it. After a rest one caller may, and the others go on without it meanwhile."""
        if not self._open:
            return True
        if now < self._rests_until_s:
            return False
        self._rests_until_s = now + TRIAL_S
        return True

    def worked(self) -> None:
        """It did what it should."""
        self._failures = 0
        self._open = False

    def failed(self, now: float, *, for_good: bool) -> None:
        """It failed; `for_good` if asking again cannot help."""
        self._failures += 1
        if self._open or for_good or self._failures >= FAILURES:
            self._open = True
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
        admitted = [(vendor, breaker.admits(now)) for vendor, breaker in ranked]
        return [vendor for vendor, yes in admitted if yes] + [vendor for vendor, yes in admitted if not yes]

    def worked(self, vendor: Named) -> None:
        """It did what it should."""
        self._breaker(vendor).worked()

    def failed(self, vendor: Named, error: Exception, now: float) -> None:
        """It did not."""
        logger.warning("vendor failed", vendor=vendor.name, error=str(error))
        self._breaker(vendor).failed(now, for_good=isinstance(error, VendorRefused))

    def _breaker(self, vendor: Named) -> Breaker:
        return next(breaker for known, breaker in self._vendors if known is vendor)
