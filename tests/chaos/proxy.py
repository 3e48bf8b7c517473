"""A TCP proxy that misbehaves on command: it delays, cuts, swallows without a word, and drops replies."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CHUNK = 65536

Address = Path | tuple[str, int]
"""A Unix socket's path, or host and port."""


@dataclass(slots=True, eq=False)
class _Link:
    """One client's connection and ours to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    dead: bool = False
    """Half open for ever: what either side sends vanishes, and nobody is told."""
    drops_reply: bool = False
    """The server's next answer is thrown away with the connection."""


class Proxy:
    """Stands between the processes and one server, on a loopback port of its own; runs in a thread."""

    def __init__(self, server: Address) -> None:
        self.delay_s = 0.0
        """How long each piece waits, in each direction."""
        self.swallows = False
        """While true every connection, old or new, is half open; those stay so afterwards."""
        self.loses_reply_to: Callable[[bytes], bool] | None = None
        """Asked about each piece that a client sends: true forwards it, drops the answer and cuts the connection."""
        self.cuts = 0
        """Connections cut so far."""
        self.port = 0
        self._server = server
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def cut(self) -> int:
        """Close every connection. Returns how many there were."""
        return asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(5)

    def swallow(self, on: bool) -> None:
        """Begin or end to swallow; whatever is connected when it begins is lost for ever."""
        self.swallows = on
        if on:
            for link in list(self._links):
                link.dead = True

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        listening.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self._server, Path):
                theirs, ours = await asyncio.open_unix_connection(str(self._server))
            else:
                theirs, ours = await asyncio.open_connection(*self._server)
        except OSError:
            writer.close()
            return
        link = _Link(writer, ours, dead=self.swallows)
        self._links.add(link)
        pipes = [
            asyncio.create_task(self._pipe(reader, ours, link, from_client=True)),
            asyncio.create_task(self._pipe(theirs, writer, link, from_client=False)),
        ]
        try:
            await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pipe in pipes:
                pipe.cancel()
            await asyncio.gather(*pipes, return_exceptions=True)
            self._links.discard(link)
            writer.close()
            ours.close()

    async def _pipe(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, link: _Link, *, from_client: bool
    ) -> None:
        try:
            while piece := await source.read(_CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if link.dead:
                    continue
                if from_client and self.loses_reply_to is not None and self.loses_reply_to(piece):
                    link.drops_reply = True
                if not from_client and link.drops_reply:
                    self.cuts += 1
                    return
                to.write(piece)
                await to.drain()
        except OSError:
            return

    async def _cut(self) -> int:
        links = list(self._links)
        for link in links:
            link.client.transport.abort()
            link.server.transport.abort()
        self.cuts += len(links)
        return len(links)
