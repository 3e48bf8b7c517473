"""What the demo tells the sandbox, and what it asks of it."""

from __future__ import annotations

from typing import Any

import httpx

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

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()
