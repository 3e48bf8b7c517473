"""Which vendors of a role are used: those that the settings name, in their order, and that have credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dialer.errors import BadInput
from dialer.settings import Vendors

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Maker(Generic[T]):
    """A vendor of a role: whether it has what it needs, and how its adapter is made."""

    configured: Callable[[Vendors], object]
    make: Callable[[Vendors], T]


def chosen(names: Sequence[str], known: Mapping[str, Maker[T]], v: Vendors, variable: str) -> tuple[T, ...]:
    """Make the named vendors that have credentials; without any, the first, whose refusals say what is missing.

    Raises:
        BadInput: a name is unknown, or there is none.
    """
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"{variable}: {', '.join(unknown)} is unknown; known: {', '.join(known)}.")
    makers = [known[name] for name in names]
    if not makers:
        raise BadInput(f"{variable}: name at least one of {', '.join(known)}.")
    return tuple(maker.make(v) for maker in makers if maker.configured(v)) or (makers[0].make(v),)
