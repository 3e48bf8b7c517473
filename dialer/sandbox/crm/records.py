"""What a CRM of this world keeps. The ledger is its memory: a world started again reads it and has the same records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dialer.sandbox.ledger import Ledger, Line


@dataclass(slots=True)
class Record:
    """One record and how often it was written."""

    object: str
    id: str
    properties: dict[str, Any]
    created_at: str
    updated_at: str
    writes: int = 1
    links: list[dict[str, str]] = field(default_factory=list)
    """Associations: {object, id, type}."""

    def as_json(self) -> dict[str, Any]:
        """What `GET /world/crm/…` shows."""
        return {
            "object": self.object,
            "id": self.id,
            "properties": self.properties,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "writes": self.writes,
            "links": self.links,
        }


class Records:
    """The records of one CRM. `lock` makes a look and the write that follows from it one step.

    Args:
        ledger: where every write goes before it is answered.
        crm: hubspot or salesforce.
        unique: (object, property) whose values are looked up and belong to one record each; it may grow.
    """

    def __init__(self, ledger: Ledger, crm: str, *, unique: set[tuple[str, str]]) -> None:
        self.lock = asyncio.Lock()
        self.unique = unique
        self._ledger, self._crm = ledger, crm
        self._records: dict[tuple[str, str], Record] = {}
        self._by_value: dict[tuple[str, str, Any], Record] = {}
        self._definitions: list[Line] = []
        for line in ledger.lines():
            if line.get("crm") == crm:
                self._apply(line)

    def all(self) -> Iterator[Record]:
        """Every record, oldest first."""
        yield from self._records.values()

    def of(self, name: str) -> list[Record]:
        """The records of one object."""
        return [record for record in self._records.values() if record.object == name]

    def get(self, name: str, record_id: str) -> Record | None:
        """The record with this id."""
        return self._records.get((name, record_id))

    def find(self, name: str, prop: str, value: Any) -> Record | None:
        """The record with this value of a unique property; case does not matter, as with both CRMs' defaults."""
        return self._by_value.get((name, prop, _folded(value)))

    def definitions(self) -> list[Line]:
        """What was added to the CRM's schema: object, property and its definition."""
        return self._definitions

    async def create(self, name: str, record_id: str, properties: Mapping[str, Any], *, key: str | None) -> Record:
        """Keep a new record."""
        await self._record("crm.write", object=name, id=record_id, key=key, status=201, created=True, set=properties)
        return self._records[name, record_id]

    async def update(self, record: Record, properties: Mapping[str, Any], *, key: str | None) -> Record:
        """Change a record."""
        await self._record(
            "crm.write", object=record.object, id=record.id, key=key, status=200, created=False, set=properties
        )
        return record

    async def link(self, record: Record, other: Record, kind: str) -> None:
        """Tie two records together; again changes nothing."""
        await self._record(
            "crm.link", object=record.object, id=record.id, status=201, other=other.object, to_id=other.id, type=kind
        )

    async def define(self, name: str, prop: str, definition: Mapping[str, Any]) -> None:
        """Add a property to an object."""
        await self._record("crm.property", object=name, status=201, property=prop, definition=definition)

    async def _record(self, kind: str, **fields: Any) -> None:
        line = {"crm": self._crm, "written_at": datetime.now(UTC).isoformat(), **fields}
        await self._ledger.record(kind, **line)
        self._apply({"kind": kind, **line})

    def _apply(self, line: Line) -> None:
        """Let one line of the ledger take effect."""
        match line["kind"]:
            case "crm.property":
                self._definitions.append(line)
                if line["definition"].get("hasUniqueValue"):
                    self.unique.add((line["object"], line["property"]))
            case "crm.link":
                record = self._records[line["object"], line["id"]]
                link = {"object": line["other"], "id": line["to_id"], "type": line["type"]}
                if link not in record.links:
                    record.links.append(link)
            case "crm.write":
                self._write(line)

    def _write(self, line: Line) -> None:
        name, at = line["object"], line["written_at"]
        record = self._records.get((name, line["id"]))
        if record is None:
            record = self._records[name, line["id"]] = Record(name, line["id"], {}, at, at, writes=0)
        for prop, value in line["set"].items():
            if (name, prop) in self.unique:
                self._by_value.pop((name, prop, _folded(record.properties.get(prop))), None)
                self._by_value[name, prop, _folded(value)] = record
        record.properties.update(line["set"])
        record.updated_at = at
        record.writes += 1


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
