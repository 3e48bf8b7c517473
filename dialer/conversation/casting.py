"""Which of a role's vendors an agent wants, and what of each: its voices, its models.

Each word names a vendor, the preferred one first, and what is wanted of it: `elevenlabs/21m00Tcm4TlvDq8ikWAM`,
`openai/coral`, or `polly` for its default. A word that is no vendor's name is what the installation's first vendor is
asked for. Vendors that are not named follow in the installation's order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Casting:
    """A wish, read."""

    order: tuple[str, ...]
    """Vendors by name, the preferred one first."""
    wanted: Mapping[str, str]
    """What is wanted of each vendor, by the vendor's own name for it; "" for its default."""

    def of(self, vendor: str) -> str:
        """What is wanted of a vendor; "" for its default."""
        return self.wanted.get(vendor, "")


@lru_cache(maxsize=256)
def read(words: tuple[str, ...], vendors: tuple[str, ...]) -> Casting:
    """Read a wish. `vendors` are the role's, by name, in the installation's order."""
    wanted: dict[str, str] = {}
    order: list[str] = []
    for word in words:
        vendor, _, name = word.partition("/")
        if vendor in vendors:
            order.append(vendor)
            wanted.setdefault(vendor, name)
        elif vendors and "/" not in word:
            wanted.setdefault(vendors[0], word)
    return Casting(tuple(order), MappingProxyType(wanted))
