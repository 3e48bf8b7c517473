"""One call's speech-to-speech model: it hears the person for us, and knows all that was said past it.

It stands in for the recognizers while it lives. Once it breaks, the call's recognizers, language models and voices go
on, with the same turns.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from dialer import log
from dialer.agents.definition import AgentDefinition
from dialer.audio.mulaw import BYTES_PER_MS
from dialer.audio.vad import Ear
from dialer.conversation import casting, prompt
from dialer.conversation.breakers import Named
from dialer.conversation.playout import Playout, Segment
from dialer.conversation.transcript import PRESSED, Transcript
from dialer.conversation.vendors import OPEN_S, Crew
from dialer.conversation.weakly import weakly
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import ToolCall, ToolSpec
from dialer.speech.base import Heard, Recognition
from dialer.speech2speech.base import Talk, Talker

logger = log.get(__name__)

BEFORE_BYTES: Final = 500 * BYTES_PER_MS
"""0.5 s of audio before a voice is detected belong to it: detection takes its time."""


class Talking:
    """The conversation with the model, and what it has been told of the call."""

    def __init__(
        self,
        crew: Crew,
        agent: AgentDefinition,
        transcript: Transcript,
        tools: tuple[ToolSpec, ...],
        ear: Ear,
        playout: Playout,
    ) -> None:
        self._crew = crew
        self._agent = agent
        self._transcript = transcript
        self._tools = tools
        self._ear = ear
        self._playout = playout
        self._talker: Talker | None = None
        self._tried = not agent.speech_to_speech
        self._told = 0
        self._advised = ""
        self._wanted: dict[str, ToolCall] = {}
        """Tools that the model wanted and knows no result of."""
        self._segments: list[Segment] = []
        """What the model said that was not looked at since."""
        self._overhearing: Overhearing | None = None
        self.talk: Talk | None = None
        """None before it was opened, and once it is lost."""

    async def listen(
        self, *, language: str, hints: tuple[str, ...], recognizers: tuple[str, ...] = (), broke: Named | None = None
    ) -> tuple[Named, Recognition]:
        """Open a stream: to the model at first, and to a recognizer once that is lost. As `Crew.listen`.

        Raises:
            VendorBusy: nobody listens.
        """
        if not self._tried:
            self._tried = True
            wish = casting.read(self._agent.speech_to_speech, self._crew.talkers.names)
            now = asyncio.get_running_loop().time()
            for talker in self._crew.talkers.order(now, wish.order):
                try:
                    async with asyncio.timeout(OPEN_S):
                        self.talk = await talker.open(
                            instructions=self._transcript.system,
                            tools=self._tools,
                            voice=wish.of(talker.name),
                            language=language,
                            hints=hints,
                        )
                except (VendorBusy, VendorRefused, TimeoutError) as error:
                    self._crew.talkers.failed(talker, error, now)
                    continue
                self._talker = talker
                self._transcript.spent.answers.append(self.talk)
                self.catch_up()
                self._overhearing = Overhearing(self.talk, self._ear, weakly(self.catch_up))
                return talker, self._overhearing
        return await self._crew.listen(language=language, hints=hints, recognizers=recognizers, broke=broke)

    def heard(self, vendor: Named) -> None:
        """It hears."""
        if vendor is not self._talker:
            self._crew.heard(vendor)

    def misheard(self, vendor: Named, error: Exception) -> None:
        """A stream broke."""
        if vendor is self._talker:
            self.lose(error)
        else:
            self._crew.misheard(vendor, error)

    def lose(self, error: Exception) -> None:
        """The model is lost to this call."""
        if self.talk is not None and self._talker is not None:
            self.talk = None
            if self._overhearing is not None:  # who does not answer may not hear, either
                self._overhearing.break_off(self._talker.name)
            self._crew.talkers.failed(self._talker, error, asyncio.get_running_loop().time())

    def worked(self) -> None:
        """The model did what it should."""
        if self._talker is not None:
            self._crew.talkers.worked(self._talker)

    def says(self, segment: Segment) -> None:
        """The model begins to say this."""
        self._segments.append(segment)

    def wants(self, call: ToolCall) -> None:
        """The model wants a tool used."""
        self._wanted[call.id] = call

    def used(self, call: ToolCall, result: str) -> None:
        """It was used."""
        if self.talk is not None and self._wanted.pop(call.id, None) is not None:
            self.talk.used(call, result)

    def catch_up(self) -> None:
        """Tell the model what was said past it, how much of its own words the person heard, how they feel, and what
        came of a tool after it was interrupted.
        """
        talk, messages = self.talk, self._transcript.messages
        if talk is None:
            return
        ended = [segment for segment in self._segments if segment not in self._playout.segments]
        own = [words for segment in ended if (words := segment.words_heard())]
        first = self._told == 0 and not self._segments
        for message in messages[self._told :]:
            if message.role == "user":
                known = not first and not message.text.startswith(PRESSED)
            else:
                known = message.role != "assistant" or any(words in message.text for words in own)
            if message.text and not known:
                talk.tell(message)
            if message.role == "tool" and (call := self._wanted.get(message.tool_call_id)) is not None:
                self.used(call, message.text)
        self._told = len(messages)
        if self._transcript.note != self._advised:
            self._advised = self._transcript.note
            talk.advise(prompt.how_they_are(self._advised))
        for segment in ended:
            if segment.heard < len(segment.audio.data):
                talk.cut(segment.heard // BYTES_PER_MS, segment.words_heard())
            self._segments.remove(segment)


class Overhearing:
    """The model as a recognizer: it gets the person's voice, from a little before it was detected to each pause."""

    def __init__(self, talk: Talk, ear: Ear, catch_up: Callable[[], None]) -> None:
        self._talk = talk
        self._ear = ear
        self._catch_up = catch_up
        self._before = bytearray()
        self._speaks = False
        self._until_s = 0.0
        """When the voice was last heard before the present pause. The ear takes longer to be sure that it is one."""
        self._fed_bytes = 0
        self._pauses_s: deque[float] = deque()
        """Up to where in the audio the model was asked for words that have not come, the oldest first."""
        self._broke = ""
        self._closing: asyncio.Future[None] | None = None
        self.dropped_bytes = 0
        self.signs: int | None = None
        """Its replies are what is waited for."""
        self.by_the_second = False

    def feed(self, mulaw: bytes) -> None:
        """Hand over audio."""
        self._fed_bytes += len(mulaw)
        if not self._speaks:
            self._before += mulaw
            del self._before[:-BEFORE_BYTES]
            if self._ear.voiced_since_s and self._ear.last_voice_s > self._until_s:
                self._speaks = True
                self._talk.begin()
                self._talk.feed(bytes(self._before))
                self._before.clear()
            return
        self._talk.feed(mulaw)
        self.dropped_bytes = self._talk.dropped_bytes

    def finalize(self) -> None:
        """The person paused."""
        if self._speaks:
            self._speaks = False
            self._until_s = self._ear.last_voice_s
            self._pauses_s.append(self._fed_bytes / (1000 * BYTES_PER_MS))
            self._catch_up()
            self._talk.finalize()

    def break_off(self, vendor: str) -> None:
        """The model is lost: whoever listens is to turn to the next one."""
        self._broke = vendor
        self._closing = asyncio.ensure_future(self._talk.close())

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """Yield what the person said.

        Raises:
            VendorBusy: the model was lost.
        """
        async for heard in self._talk:
            if heard.is_final and self._pauses_s:  # in the line's time, so that the next recognizer hears nothing twice
                yield replace(heard, ended_s=self._pauses_s.popleft())
            else:
                yield heard
        if self._broke:
            raise VendorBusy(self._broke, "it does not answer any more")

    async def close(self) -> None:
        """End the conversation."""
        await self._talk.close()
