"""What goes wrong with a CRM on demand: `<crm>.rate_limited`, `.unwell`, `.silent_after_write`, `.session_over`."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.requests import Request

if TYPE_CHECKING:
    from dialer.sandbox.faults import Faults

NEVER_S = 60.0
"""How long "never answers" is, should the client wait so long."""


class Misfortune:
    """The dice of one CRM. The n-th request for a path always fares the same with the same seed."""

    def __init__(self, faults: Faults, crm: str) -> None:
        self._faults, self._crm = faults, crm
        self._asked: Counter[tuple[str, str]] = Counter()

    def strikes(self, fault: str, request: Request) -> bool:
        """Whether this request meets the fault."""
        what = f"{request.method} {request.url.path}"
        self._asked[fault, what] += 1
        return self._faults.hits(f"{self._crm}.{fault}", what, self._asked[fault, what])

    async def after_write(self, request: Request) -> None:
        """After a write, perhaps never answer: wait until the client has given up."""
        if not self.strikes("silent_after_write", request):
            return
        with suppress(TimeoutError):
            # The request's body has been read, so what comes next is the client hanging up.
            await asyncio.wait_for(request.receive(), NEVER_S)
