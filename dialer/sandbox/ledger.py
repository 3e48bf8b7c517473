"""The ledger: everything that was asked of this world, append-only, on disk before the answer goes out.

It is the independent oracle of the tests. A thread of its own writes and fsyncs whatever has gathered (group commit),
so that the event loop never waits for a disk.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

Line = dict[str, Any]
_CLOSE = None


class Ledger:
    """One JSON object per line: seq, at, campaign_at, kind, carrier_id, call_id, to, from, key, status, and more.

    Args:
        path: the file; a world started again continues where it ended.
        offset_s: campaign time less wall time, in seconds, asked for each line.
    """

    def __init__(self, path: Path, offset_s: Callable[[], float] = lambda: 0.0) -> None:
        self.path = path
        self._offset_s = offset_s
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        self.seq = max((line["seq"] for line in self.lines()), default=0)
        self._file = path.open("ab", buffering=0)
        self._queue: queue.SimpleQueue[tuple[bytes, Future[None]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()

    def note(self, kind: str, **fields: Any) -> Future[None]:
        """Append a line. The future is done once the line is on disk; any thread may call."""
        now = datetime.now(UTC)
        done: Future[None] = Future()
        with self._lock:
            self.seq += 1
            line = {
                "seq": self.seq,
                "at": now.isoformat(),
                "campaign_at": (now + timedelta(seconds=self._offset_s())).isoformat(),
                "kind": kind,
                "carrier_id": fields.pop("carrier_id", None),
                "call_id": fields.pop("call_id", None),
                "to": fields.pop("to", None),
                "from": fields.pop("from_", None),
                "key": fields.pop("key", None),
                "status": fields.pop("status", None),
                **fields,
            }
            self._queue.put((orjson.dumps(line, default=str) + b"\n", done))
        return done

    async def record(self, kind: str, **fields: Any) -> None:
        """Append a line and return once it is on disk. `from_` stands for the field "from"."""
        await asyncio.wrap_future(self.note(kind, **fields))

    def lines(self, *, kind: str | None = None, since: int = 0) -> Iterator[Line]:
        """Read the lines after seq `since`, of one kind if given."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                line: Line = orjson.loads(raw)
                if line["seq"] > since and (kind is None or line["kind"] == kind):
                    yield line

    def close(self) -> None:
        """Write what is left and stop the thread."""
        self._queue.put(_CLOSE)
        self._thread.join(timeout=10)
        self._file.close()

    def _write(self) -> None:
        while (first := self._queue.get()) is not _CLOSE:
            batch = [first]
            closing = False
            while True:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is _CLOSE:
                    closing = True
                    break
                batch.append(more)
            self._commit(batch)
            if closing:
                return

    def _commit(self, batch: list[tuple[bytes, Future[None]]]) -> None:
        error: OSError | None = None
        try:
            self._file.write(b"".join(raw for raw, _ in batch))
            os.fsync(self._file.fileno())
        except OSError as failed:
            error = failed
        for _, done in batch:
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)


def _cut_torn_line(path: Path) -> None:
    """Drop half a line that a kill left at the end: nobody was answered for it."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)
