"""What the demo tells the sandbox, and what it asks of it."""

from __future__ import annotations

from typing import Any

import httpx

from dialer.sandbox.outages import Condition

Line = dict[str, Any]


class WorldClient:
    """The sandbox's `/world`."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=10, trust_env=False)

    def set_offset(self, offset_s: float) -> None:
        """Tell the world what time the campaign has: campaign time less wall time, in seconds.

        Raises:
            httpx.HTTPError: it does not answer.
        """
        self._http.put("/world/clock", json={"offset_s": offset_s}).raise_for_status()

    def ledger(self) -> list[Line]:
        """Everything that was asked of the world.

        Raises:
            httpx.HTTPError: it does not answer.
        """
        answer = self._http.get("/world/ledger")
        answer.raise_for_status()
        lines: list[Line] = answer.json()
        return lines

    def strike(self, vendor: str, condition: Condition) -> int:
        """Make a vendor so. Returns how many of its sockets were in use.

        Raises:
            httpx.HTTPError: it does not answer.
        """
        answer = self._http.put(f"/world/vendors/{vendor}", json={"condition": condition})
        answer.raise_for_status()
        cut: int = answer.json()["cut"]
        return cut

    def vendors(self) -> dict[str, dict[str, Any]]:
        """How each vendor is, how many sockets were cut, and how many requests came to nothing since.

        Raises:
            httpx.HTTPError: it does not answer.
        """
        answer = self._http.get("/world/vendors")
        answer.raise_for_status()
        shown: dict[str, dict[str, Any]] = answer.json()
        return shown

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()
