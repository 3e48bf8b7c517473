"""Scripted vendors and people, and a loop whose time is virtual."""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

from dialer.audio import mulaw
from dialer.audio.vad import Edges
from dialer.errors import VendorBusy
from dialer.llm.base import Delta, Message, ToolCall, ToolSpec, Usage
from dialer.speech.base import Heard
from dialer.speech2speech.base import Piece, Written

SILENT_FRAME = mulaw.SILENT_FRAME
NOISE_FRAME = b"\x7e" * mulaw.FRAME_BYTES
VOICE_FRAME = b"\x10" * mulaw.FRAME_BYTES
BYTES_PER_CHARACTER = 533  # 15 characters a second


class _NoWait(selectors.BaseSelector):
    """A selector that advances the loop's clock instead of waiting."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready and timeout is None:
            raise RuntimeError("deadlock: nothing is due and nothing can happen")
        if not ready and timeout and timeout > 0:
            self.now += timeout
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Any:
        return self._real.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _NoWait()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def stall(self, seconds: float) -> None:
        """Be busy for so long."""
        self._clock.now += seconds


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


class LoudEar(Edges):
    """Takes every frame that is not silence for speech."""

    def feed(self, frame: bytes, now: float) -> None:
        if frame == VOICE_FRAME:
            self.voice(now - 0.02, now)
        else:
            self.quiet(now)

    def close(self) -> None:
        pass


class FakeRecognition:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Heard | Exception | None] = asyncio.Queue()
        self.lengths: list[int] = []
        self.finalized = 0
        self.closed = False
        self.dropped_bytes = 0
        self.by_the_second = True
        self.signs: int | None = None

    @property
    def fed(self) -> int:
        return sum(self.lengths)

    def feed(self, mulaw: bytes) -> None:
        self.lengths.append(len(mulaw))

    def finalize(self) -> None:
        self.finalized += 1

    def hear(self, text: str, *, is_final: bool = True, end_of_turn: bool = False, ended_s: float = 0.0) -> None:
        self.queue.put_nowait(Heard(text, is_final, end_of_turn, ended_s=ended_s))

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while (item := await self.queue.get()) is not None:
            if isinstance(item, Exception):
                try:
                    raise item
                finally:
                    del item
            yield item

    async def close(self) -> None:
        self.closed = True
        self.queue.put_nowait(None)


class FakeRecognizer:
    def __init__(self, name: str = "ears") -> None:
        self.name = name
        self.opened: list[FakeRecognition] = []
        self.languages: list[str] = []
        self.broken = False

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> FakeRecognition:
        if self.broken:
            raise VendorBusy(self.name, "down")
        self.languages.append(language)
        self.opened.append(FakeRecognition())
        return self.opened[-1]


class FakeVoice:
    """Speaks 15 characters a second, in chunks of 100 ms, ten times faster than real time."""

    def __init__(self, name: str = "voice", *, first_s: float = 0.08, breaks_after: int | None = None) -> None:
        self.name = name
        self.said: list[str] = []
        self.first_s = first_s
        self.breaks_after = breaks_after

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        self.said.append(text)
        await asyncio.sleep(self.first_s)
        left = len(text) * BYTES_PER_CHARACTER
        chunks = 0
        while left > 0:
            if self.breaks_after is not None and chunks >= self.breaks_after:
                raise VendorBusy(self.name, "cut")
            yield b"\x55" * min(800, left)
            left -= 800
            chunks += 1
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        pass


class FakeBrain:
    """Answers from a list; each answer is a list of deltas. An exception in it is raised."""

    def __init__(self, *answers: Sequence[Delta | Exception], name: str = "brain", token_s: float = 0.02) -> None:
        self.name = name
        self.answers = list(answers)
        self.asked: list[list[Message]] = []
        self.token_s = token_s

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, model: str = ""
    ) -> AsyncIterator[Delta]:
        self.asked.append(list(messages))
        await asyncio.sleep(0.15)
        for delta in self.answers.pop(0) if self.answers else ["All right."]:
            if isinstance(delta, Exception):
                try:
                    raise delta
                finally:
                    del delta
            yield delta
            await asyncio.sleep(self.token_s)

    async def close(self) -> None:
        pass


class FakeTalk(FakeRecognition):
    """Answers from a list; each answer is a list of pieces. An exception in it is raised."""

    def __init__(self, answers: list[Sequence[Piece | Usage | Exception]]) -> None:
        super().__init__()
        self.answers = answers
        self.usage = Usage()
        self.came: list[tuple[str, str]] = []
        """What it was told, asked, advised and given the result of, in order."""

    def begin(self) -> None:
        self.came.append(("begin", ""))

    def finalize(self) -> None:
        super().finalize()
        self.came.append(("pause", ""))

    def tell(self, message: Message) -> None:
        self.came.append((message.role, message.text))

    def advise(self, note: str) -> None:
        self.came.append(("advise", note))

    async def reply(self) -> AsyncIterator[Piece]:
        self.came.append(("reply", ""))
        await asyncio.sleep(0.15)
        for piece in self.answers.pop(0) if self.answers else [Written("All right."), bytes(8000)]:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, Usage):
                self.usage += piece
                continue
            yield piece
            await asyncio.sleep(0.02)

    def used(self, call: ToolCall, result: str) -> None:
        self.came.append((call.name, result))

    def cut(self, heard_ms: int, heard: str) -> None:
        self.came.append(("cut", heard))


class FakeTalker:
    """A speech-to-speech model that holds one conversation."""

    def __init__(self, *answers: Sequence[Piece | Usage | Exception], name: str = "talker") -> None:
        self.name = name
        self.talk = FakeTalk(list(answers))

    async def open(
        self, *, instructions: str, tools: Sequence[ToolSpec], voice: str, language: str, hints: tuple[str, ...] = ()
    ) -> FakeTalk:
        return self.talk


class FakeTrack:
    def __init__(self) -> None:
        self.played: list[float] = []

    def begin(self, now: float) -> None:
        pass

    def person(self, audio: bytes, now: float) -> None:
        pass

    def agent(self, frame: bytes, at_s: float) -> None:
        self.played.append(at_s)

    def agent_cut(self, at_s: float) -> None:
        self.played = [at for at in self.played if at < at_s]

    def close(self) -> Future[str]:
        closed: Future[str] = Future()
        closed.set_result("c1-1.wav")
        return closed


class Phone:
    """The carrier's side of the wire: plays in real time, returns marks when played or cleared."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._plays_until = 0.0
        self._marks: list[tuple[float, int, str]] = []
        self._number = 0
        self.on_mark: Callable[[str], None] = lambda name: None
        self.clears: list[float] = []
        self.closed_at = 0.0
        self.frames: list[float] = []
        self.heard_frames = 0.0

    def audio(self, frame: bytes) -> None:
        now = self._loop.time()
        self._plays_until = max(self._plays_until, now) + len(frame) / 8000
        self.frames += [now] * (len(frame) // mulaw.FRAME_BYTES)

    def mark(self, name: str) -> None:
        self._number += 1
        number = self._number
        heapq.heappush(self._marks, (self._plays_until, number, name))
        self._loop.call_at(max(self._plays_until, self._loop.time()), self._return, number)

    def _return(self, number: int) -> None:
        for entry in list(self._marks):
            if entry[1] == number:
                self._marks.remove(entry)
                self.on_mark(entry[2])

    def clear(self) -> None:
        self.clears.append(self._loop.time())
        self._plays_until = self._loop.time()
        marks, self._marks = self._marks, []
        for _, _, name in sorted(marks):
            self._loop.call_soon(self.on_mark, name)

    def close(self) -> None:
        self.closed_at = self.closed_at or self._loop.time()
