"""What is counted and limited: log-ins, for a password must not be searched for, and requests that vendors bill."""

from __future__ import annotations

from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import SlidingWindowCounterRateLimiter

from dialer import log
from dialer.errors import TransientError

PER_ADDRESS = RateLimitItemPerMinute(30)
PER_USER = RateLimitItemPerMinute(5, 5)
PER_ORGANIZATION = RateLimitItemPerMinute(120)
_REDIS_S = 1
_log = log.get(__name__)


class TooManyTries(TransientError):
    """Too many log-ins were tried; wait."""

    status = 429


class TooManyRequests(TransientError):
    """An organization asks more often than its limit allows; wait."""

    status = 429


class Counts:
    """Counts in Redis, for all web processes together. While Redis is away each process counts for itself."""

    def __init__(self, redis_url: str = "") -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(_redis(redis_url)) if redis_url else self._own

    def hit(self, limit: RateLimitItem, what: str, key: str) -> bool:
        """Count one; return whether the limit still allows it."""
        try:
            return self._shared.hit(limit, what, key)
        except Exception as error:  # noqa: BLE001, RUF100 - whatever a storage raises, nobody is kept out by Redis
            _log.warning("throttle.alone", what=what, error=type(error).__name__)
            return self._own.hit(limit, what, key)


class LoginThrottle:
    """Limits log-ins by address and by user."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def check(self, address: str, email: str) -> None:
        """Count one attempt.

        Raises:
            TooManyTries: this address or this user has had too many.
        """
        for limit, key in ((PER_ADDRESS, f"address:{address}"), (PER_USER, f"user:{email.strip().lower()}")):
            if not self._counts.hit(limit, "login", key):
                raise TooManyTries("Too many log-ins were tried. Wait a few minutes.", wait_s=float(limit.get_expiry()))


class BilledThrottle:
    """Limits what an organization may ask of speech and language vendors."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def check(self, organization_id: UUID) -> None:
        """Count one request.

        Raises:
            TooManyRequests: the organization has made too many within a minute.
        """
        if not self._counts.hit(PER_ORGANIZATION, "billed", str(organization_id)):
            raise TooManyRequests(
                f"At most {PER_ORGANIZATION.amount} requests a minute go to speech and language vendors.",
                wait_s=float(PER_ORGANIZATION.get_expiry()),
            )


def _redis(url: str) -> Storage:
    if url.startswith("unix://"):
        url = f"redis+{url}"
    return RedisStorage(url, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S)
