"""Answers by a speech-to-speech model, and by the language models and voices once that is lost."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from dialer import log
from dialer.conversation.answering import ROUNDS, Answering
from dialer.conversation.drafting import Drafts
from dialer.conversation.playout import Audio, Playout, Segment
from dialer.conversation.recall import Recall
from dialer.conversation.talking import Talking
from dialer.conversation.timings import Timings
from dialer.conversation.tools import Used
from dialer.conversation.transcript import Transcript
from dialer.conversation.vendors import FIRST_TOKEN_S, NEXT_TOKEN_S, in_time
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import ToolCall
from dialer.speech2speech.base import Talk, Written

logger = log.get(__name__)


class Aloud:
    """Answers as `Answering` does: the model's own voice goes straight to the line, its tools are rows first."""

    def __init__(
        self, talking: Talking, cascade: Answering, playout: Playout, transcript: Transcript, recall: Recall
    ) -> None:
        self._talking = talking
        self._recall = recall
        self._cascade = cascade
        self._playout = playout
        self._transcript = transcript
        self._segment: Segment | None = None

    @property
    def drafts(self) -> Drafts:
        """What eager starts came to, which only the cascade needs."""
        return self._cascade.drafts

    def foresee(self, words: str) -> None:
        """The person's turn is probably over. A model that hears it knows as much itself."""
        if self._talking.talk is None:
            self._cascade.foresee(words)

    async def answer(self, timings: Timings) -> Used:
        """Answer what was said last. Returns once all audio is there; it need not have been played.

        What the model has begun to say before it broke stands; what it has not is said by the cascade.

        Raises:
            DialerError: nobody answers.
        """
        talk = self._talking.talk
        if talk is None:
            return await self._cascade.answer(timings)
        try:
            used = await self._converse(talk, timings)
        except (VendorBusy, VendorRefused) as error:
            self._talking.lose(error)
            if self._segment is not None:
                self._end_segment()
                return Used()
            return await self._cascade.answer(timings)
        self._talking.worked()
        return used

    async def _converse(self, talk: Talk, timings: Timings) -> Used:
        self._talking.catch_up()
        if (quotation := await self._recall.quotation(self._transcript.messages)) is not None:
            talk.tell(quotation)
        for _ in range(ROUNDS):
            calls = await self._one_round(talk, timings)
            if not calls:
                break
            for call in calls:
                used = await self._cascade.use(call)
                if used.ends is not None:
                    return used
                self._transcript.tool(call, used.result, ok=used.ok)
                self._talking.used(call, used.result)
        return Used()

    async def _one_round(self, talk: Talk, timings: Timings) -> list[ToolCall]:
        loop = asyncio.get_running_loop()
        calls: list[ToolCall] = []
        self._segment = None
        asked_s = loop.time()
        timings.asked_s = timings.asked_s or asked_s
        try:
            async with aclosing(in_time(talk.reply(), FIRST_TOKEN_S, NEXT_TOKEN_S, "speech to speech")) as pieces:
                async for piece in pieces:
                    timings.first_token_s = timings.first_token_s or loop.time()
                    match piece:
                        case bytes():
                            timings.first_audio_s = timings.first_audio_s or loop.time()
                            self._open_segment().audio.data += piece
                            self._playout.grown()
                        case Written(text):
                            self._open_segment().text += text
                        case ToolCall():
                            calls.append(piece)
                            self._talking.wants(piece)
        finally:
            self._end_segment()
        timings.round_over(asked_s, loop.time())
        return calls

    def _open_segment(self) -> Segment:
        if self._segment is None:
            self._segment = self._playout.add("", Audio())
            self._talking.says(self._segment)
        return self._segment

    def _end_segment(self) -> None:
        if self._segment is not None:
            self._segment.audio.done = True
            self._segment.text = self._segment.text.strip()
