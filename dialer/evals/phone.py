"""A phone without a carrier, a line and speech: words go in and out as they are, everything between is the product's.

The agent's voice makes so little audio that a sentence is played at once, and the person's words reach the conversation
as a recognizer's final ones while its voice detection is told that somebody speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Final

from dialer.audio import mulaw
from dialer.audio.vad import Edges
from dialer.conversation.session import Session
from dialer.speech.base import Heard

NAME: Final = "text"
CHARACTERS_PER_S: Final = 600
"""How fast the agent speaks: forty times as fast as people do."""
SPEAKING_S: Final = 0.08
"""How long the person's voice is heard: longer than a click, shorter than what makes an agent fall silent."""
PAUSE_S: Final = 0.06
"""Between the end of the agent's words and the person's: in it the agent's own end of the call becomes known."""
_MURMUR: Final = b"\x7e" * mulaw.FRAME_BYTES  # as faint as can be, but no digital silence: that is looked at later


class TextVoice:
    """A voice of silence."""

    name = NAME

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        """Yield as much audio as the words take."""
        frames = max(round(len(text) / CHARACTERS_PER_S * 1000 / mulaw.FRAME_MS), 1)
        yield mulaw.SILENT_FRAME * frames

    async def close(self) -> None:
        """Nothing is held."""


class Words:
    """One call's recognizer, which is told what it hears."""

    dropped_bytes = 0
    by_the_second = True
    signs: int | None = None

    def __init__(self) -> None:
        self.name = NAME
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Words:
        """Listen."""
        return self

    def hear(self, text: str) -> None:
        """The person has said this."""
        self._heard.put_nowait(Heard(text, is_final=True, end_of_turn=True, confidence=1.0))

    def feed(self, mulaw: bytes) -> None:
        """Audio has no words here."""

    def finalize(self) -> None:
        """All words are final."""

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """Yield what is heard until the stream is closed."""
        while (heard := await self._heard.get()) is not None:
            yield heard

    async def close(self) -> None:
        """Listen no more."""
        self._heard.put_nowait(None)


class Ear(Edges):
    """Voice detection that is told who speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.speaking = False

    def feed(self, frame: bytes, now: float) -> None:
        """Take 20 ms."""
        if self.speaking:
            self.voice(now - mulaw.FRAME_MS / 1000, now)
        else:
            self.quiet(now)

    def close(self) -> None:
        """Nothing to give back."""


class NoTrack:
    """No recording."""

    def begin(self, now: float) -> None:
        """The stream began."""

    def person(self, audio: bytes, now: float) -> None:
        """The person's audio arrived."""

    def agent(self, frame: bytes, at_s: float) -> None:
        """The agent's will be heard."""

    def agent_cut(self, at_s: float) -> None:
        """The agent's was taken back."""

    def close(self) -> Future[str]:
        """There is no file."""
        closed: Future[str] = Future()
        closed.set_result("")
        return closed


class Phone:
    """One call's line and the person's hand on it. Lives on the loop; ticks with everything else."""

    def __init__(self) -> None:
        self.words = Words()
        self.ear = Ear()
        self._session: Session | None = None
        self._loop = asyncio.get_running_loop()

    def pick_up(self, session: Session) -> None:
        """The stream is up."""
        self._session = session
        session.started(NAME, self)

    def tick(self, now: float) -> None:
        """The line sends audio all the time."""
        if self._session is not None:
            self._session.audio(_MURMUR if self.ear.speaking else mulaw.SILENT_FRAME)

    async def say(self, text: str) -> None:
        """Speak; returns when the words are said."""
        self.ear.speaking = True
        await asyncio.sleep(SPEAKING_S)
        self.ear.speaking = False
        self.words.hear(text)

    def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            if self._session is not None:
                self._session.pressed(key)

    def hang_up(self) -> None:
        """End the call from this side."""
        if self._session is not None:
            self._session.stopped()

    # What the agent sends

    def audio(self, frame: bytes) -> None:
        """Silence."""

    def mark(self, name: str) -> None:
        """Played as soon as it is sent."""
        self._loop.call_soon(self._marked, name)

    def clear(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """The agent's side closes the line."""

    def _marked(self, name: str) -> None:
        if self._session is not None:
            self._session.marked(name)
