"""The sandbox's CRMs on a free port of their own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dialer.sandbox.crm import mount
from tests.contract import sandbox_part
from tests.contract.sandbox_part import PartOfWorld


@dataclass
class CrmWorld(PartOfWorld):
    """As much of a world as its CRMs touch."""

    def records(self, crm: str, name: str | None = None) -> list[dict[str, Any]]:
        """What the CRM keeps, as `GET /world/crm/…` tells."""
        kept = httpx.get(f"{self.url}/world/crm/{crm}", trust_env=False).json()["records"]
        return [record for record in kept if name in (None, record["object"])]

    def writes(self, key: str) -> list[dict[str, Any]]:
        """The ledger's lines about one of our keys."""
        return [line for line in self.ledger.lines(kind="crm.write") if line["key"] == key]


def running(home: Path) -> AbstractContextManager[CrmWorld]:
    """Serve the CRMs."""
    return sandbox_part.running(CrmWorld, mount, home)
