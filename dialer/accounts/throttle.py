"""Log-in attempts are counted, per address and per user: a password must not be searched for."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import SlidingWindowCounterRateLimiter

from dialer import log
from dialer.errors import TransientError

PER_ADDRESS = RateLimitItemPerMinute(30)
PER_USER = RateLimitItemPerMinute(5, 5)
_REDIS_S = 1
_log = log.get(__name__)


class TooManyTries(TransientError):
    """Too many log-ins were tried; wait."""

    status = 429


class LoginThrottle:
    """Counts in Redis, for all web processes together. While Redis is away each process counts for itself."""

    def __init__(self, redis_url: str = "") -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(_redis(redis_url)) if redis_url else self._own

    def check(self, address: str, email: str) -> None:
        """Count one attempt.

        Raises:
            TooManyTries: this address or this user has had too many.
        """
        for limit, key in ((PER_ADDRESS, f"address:{address}"), (PER_USER, f"user:{email.strip().lower()}")):
            if not self._hit(limit, key):
                raise TooManyTries("Too many log-ins were tried. Wait a few minutes.", wait_s=float(limit.get_expiry()))

    def _hit(self, limit: RateLimitItem, key: str) -> bool:
        try:
            return self._shared.hit(limit, "login", key)
        except Exception as error:  # noqa: BLE001, RUF100 - whatever a storage raises, a log-in must not depend on Redis
            _log.warning("login.throttle_alone", error=type(error).__name__)
            return self._own.hit(limit, "login", key)


def _redis(url: str) -> Storage:
    if url.startswith("unix://"):
        url = f"redis+{url}"
    return RedisStorage(url, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S)
