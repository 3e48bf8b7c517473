"""Check digits of cards and of Aadhaar numbers."""

from __future__ import annotations

from typing import Final

_TIMES: Final = tuple(
    tuple((row + at) % 5 if at < 5 else 5 + (row + at - 5) % 5 for at in range(10))
    if row < 5
    else tuple(5 + (row - 5 - at) % 5 if at < 5 else (row - at) % 5 for at in range(10))
    for row in range(10)
)
"""Multiplication in the dihedral group D5."""
_MOVES: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
"""The permutation of each place."""


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others. Source: ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def verhoeff(digits: str) -> bool:
    """Whether the last digit checks the others. Source: J. Verhoeff, "Error detecting decimal codes" (1969)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _TIMES[check][_MOVES[place % 8][int(digit)]]
    return check == 0
