"""One answer of a model's, from its first piece to its end or to where it was cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from dialer.errors import DialerError
from dialer.llm.base import Delta, Usage

CHARACTERS_PER_TOKEN: Final = 4
"""English, roughly: an answer that is cut off ends before the model tells its usage."""


class Thought:
    """An answer in the making: iterate over it once. It knows what it costs, even if it is cut off."""

    def __init__(self, deltas: AsyncIterator[Delta], *, asked: int) -> None:
        """Begin with nothing asked.

        Args:
            deltas: the answer.
            asked: characters of the prompt; 0 if nobody is paid for the answer.
        """
        self._deltas = deltas
        self._asked = asked
        self._written = 0
        self._told: Usage | None = None

    @property
    def usage(self) -> Usage:
        """What it has cost so far: as the model says once it is whole, and until then by its characters."""
        if self._told is not None or not self._asked:
            return self._told or Usage()
        return Usage(self._asked // CHARACTERS_PER_TOKEN, self._written // CHARACTERS_PER_TOKEN)

    async def __aiter__(self) -> AsyncIterator[Delta]:
        """Yield the answer.

        Raises:
            VendorBusy: nobody answers.
        """
        try:
            async for delta in self._deltas:
                if isinstance(delta, str):
                    self._written += len(delta)
                elif isinstance(delta, Usage):
                    self._told = delta
                yield delta
        except DialerError:
            if not self._written:
                self._asked = 0
            raise
