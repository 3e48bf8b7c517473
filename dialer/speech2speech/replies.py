"""A reply on its way from a socket, which only calls back, to whoever speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from dialer.errors import VendorBusy, VendorRefused
from dialer.speech2speech.base import Piece


class Replies:
    """The pieces of the reply that is being made. One per talk."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[Piece | VendorBusy | VendorRefused | None] = asyncio.Queue()
        self._broken: VendorBusy | VendorRefused | None = None
        self.making = False
        """Whether the vendor is at work on one."""

    def begin(self) -> None:
        """A new reply is being made; what is left of another one is void."""
        self.drop()
        self.making = True

    def drop(self) -> None:
        """Nobody wants the rest of it. For whoever takes it, it ends here."""
        self._pieces.put_nowait(None)
        self._pieces = asyncio.Queue()
        self.making = False

    def add(self, piece: Piece) -> None:
        """A piece came."""
        self._pieces.put_nowait(piece)

    def end(self) -> None:
        """It is complete."""
        self.making = False
        self._pieces.put_nowait(None)

    def fail(self, error: VendorBusy | VendorRefused, *, for_good: bool = False) -> None:
        """It will not be made; `for_good` if no other one will be either."""
        self.making = False
        self._broken = error if for_good else self._broken
        self._pieces.put_nowait(error)

    @property
    def untaken(self) -> bool:
        """Whether pieces wait that nobody has taken."""
        return not self._pieces.empty()

    async def take(self) -> AsyncIterator[Piece]:
        """Yield the pieces of this reply.

        Raises:
            VendorBusy, VendorRefused: it was not made.
        """
        if self._broken is not None:
            raise self._broken
        pieces = self._pieces
        while (piece := await pieces.get()) is not None:
            if isinstance(piece, VendorBusy | VendorRefused):
                try:
                    raise piece
                finally:
                    del piece  # its traceback has this frame
            yield piece
