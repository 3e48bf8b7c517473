"""The state that every part of the sandbox shares."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aiohttp

from dialer import log
from dialer.sandbox.carrier_calls import Calls
from dialer.sandbox.carrier_recordings import Recordings
from dialer.sandbox.colleagues import Colleagues
from dialer.sandbox.faults import Faults
from dialer.sandbox.ledger import Ledger
from dialer.sandbox.media_ticker import Ticker
from dialer.sandbox.options import Options
from dialer.sandbox.people import People
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import BRISK_WPM, Utterance, Voices

_log = log.get(__name__)


@dataclass(slots=True)
class OwnNumber:
    """A number of the account, and what is asked when somebody calls or texts it."""

    number: str
    voice_url: str
    sms_url: str

    @property
    def sid(self) -> str:
        """Its id at the carrier."""
        return "PN" + hashlib.md5(self.number.encode(), usedforsecurity=False).hexdigest()


class World:
    """One world: its options, ledger, voices, people, calls and faults. `http` lives while the loop does."""

    http: aiohttp.ClientSession

    def __init__(self, options: Options) -> None:
        self.options = options
        self.offset_s = 0.0
        """Campaign time less wall time, as the campaign last told us."""
        self.ledger = Ledger(options.home / "ledger.jsonl", lambda: self.offset_s)
        self.registry = Registry()
        self.voices = Voices(self.registry)
        self.faults = Faults(options.seed)
        self.people = People(options.seed)
        self.colleagues = Colleagues()
        self.calls = Calls()
        self.numbers = {number: OwnNumber(number, options.voice_url, options.sms_url) for number in options.numbers}
        self.asked: Counter[str] = Counter()
        """POST /Calls by the number called, for the faults' dice."""
        self.reads = 0
        """Reads of the carrier's API so far, for the same."""
        self.webhooks: Counter[str] = Counter()
        """Arrivals at /world/webhook by the event's id."""
        self.recordings = Recordings(options)
        self.ticker = Ticker()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._speaking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voices")

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` beside everything else; it is cancelled when the world stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def speak(self, text: str, *, voice: str, speed: int = BRISK_WPM) -> Utterance:
        """Make the audio of a text, off the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._speaking, lambda: self.voices.speak(text, voice=voice, speed=speed))

    async def open(self) -> None:
        """Start what needs the running loop."""
        timeout = aiohttp.ClientTimeout(total=15, connect=5)
        connector = aiohttp.TCPConnector(limit=200, keepalive_timeout=20)
        self.http = aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=True)
        self.start(self.ticker.run())

    async def close(self) -> None:
        """Stop everything; live calls are cut."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.http.close()
        self._speaking.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self.ledger.close)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("sandbox.task_failed", exc_info=error)
