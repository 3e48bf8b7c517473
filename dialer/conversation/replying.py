"""The agent's answers to what the person said, and how the call goes on after each."""

from __future__ import annotations

from typing import Final

from dialer import log
from dialer.conversation.activity import Activity
from dialer.conversation.aloud import Aloud
from dialer.conversation.closing import Closing
from dialer.conversation.endpointing import Endpointer
from dialer.conversation.facts import EndReason
from dialer.conversation.speaking import Speaking
from dialer.conversation.tools import Used
from dialer.conversation.transcript import Transcript
from dialer.errors import DialerError
from dialer.languages.base import plain
from dialer.languages.known import ALL

WHO_IS_THIS_S: Final = 4.0
"""What the person says this early is answered by the opener itself: "Hello, who is this?"."""
_GREETINGS: Final = frozenset().union(*(language.greetings for language in ALL))

logger = log.get(__name__)


class Replying:
    """One answer at a time: asked for, spoken, and followed by what its tools decided."""

    def __init__(
        self,
        call_id: str,
        *,
        answering: Aloud,
        speaking: Speaking,
        transcript: Transcript,
        activity: Activity,
        closing: Closing,
    ) -> None:
        self._call_id = call_id
        self._answering = answering
        self._speaking = speaking
        self._transcript = transcript
        self._activity = activity
        self._closing = closing
        self.owed = False
        """Whether the person said something that waits for its answer."""

    def answer(self, turn: Endpointer | None) -> None:
        """Answer this turn, or whatever was said last."""
        self.owed = False
        self._speaking.answer(turn)
        self._activity.start(self._reply())

    def owe(self, text: str, *, after_s: float) -> None:
        """The person said this during the opener, so long after its begin: it waits for an answer, if it needs one."""
        self.owed |= plain(text) not in _GREETINGS and after_s >= WHO_IS_THIS_S

    def counters(self) -> dict[str, float]:
        """What eager starts came to."""
        return self._answering.drafts.counters()

    def foresee(self, words: str) -> None:
        """The person's turn is probably over and was these words; no words: they go on, or say nothing."""
        self._answering.foresee(words)

    def used_late(self, used: Used) -> None:
        """A tool ended the call although its answer was given up."""
        if used.ends is EndReason.OPT_OUT and self._closing.planned is not EndReason.OPT_OUT:
            self._activity.start(self._closing.opt_out("tool", self._last_words()))

    async def _reply(self) -> None:
        playout = self._speaking.playout
        try:
            used = await self._answering.answer(self._speaking.timings)
        except DialerError as error:
            logger.error("no answer", call_id=self._call_id, error=str(error))
            await self._closing.close(EndReason.FAILED, self._speaking.agent.trouble)
            return
        playout.close()
        if used.ends is EndReason.LOST:
            self._closing.abandon()
        elif used.ends is EndReason.OPT_OUT:
            await self._closing.opt_out("tool", self._last_words())
        elif used.ends is not None:
            farewell = "" if playout.segments or used.ends is EndReason.TRANSFER else self._speaking.agent.goodbye
            await self._closing.close(used.ends, farewell, transfer_to=used.transfer_to)
        elif not playout.segments:
            playout.end()

    def _last_words(self) -> str:
        return next((m.text for m in reversed(self._transcript.messages) if m.role == "user"), "")
