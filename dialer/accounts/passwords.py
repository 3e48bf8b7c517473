"""Passwords: kept as argon2id hashes, compared in a time that does not tell whether the user exists."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dialer.errors import BadInput

MIN_LENGTH = 12
MAX_LENGTH = 1024
_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """Return the hash to keep.

    Raises:
        BadInput: the password is too short, or absurdly long.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise BadInput(f"A password needs at least {MIN_LENGTH} characters.")
    return _hasher.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether the password is the one. Without a kept hash the same work is done, and the answer is no."""
    try:
        return _hasher.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password")
