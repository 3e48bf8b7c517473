"""What a speech-to-speech model is to us: it hears the person's voice itself and answers in its own.

Who speaks when is decided by the session, as for every other brain: the model is told where the person's turns begin
and pause, and speaks when it is asked to. Audio is 8 kHz mu-law, mono, one byte a sample.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dialer.llm.base import Message, ToolCall, ToolSpec, Usage
from dialer.speech.base import Recognition


@dataclass(frozen=True, slots=True)
class Written:
    """What a reply's audio says, as text; pieces add up."""

    text: str


Piece = bytes | Written | ToolCall
"""A piece of a reply: audio as it is made, its words, and each tool call once it is whole."""


class Talk(Recognition, Protocol):
    """One call's conversation with the model. As a recognition it yields what the person said.

    `feed` is given the person's voice between `begin` and `finalize` only; `finalize` says that they paused.
    """

    @property
    def usage(self) -> Usage:
        """What its replies have cost so far, those that were cut off included."""
        ...

    def begin(self) -> None:
        """The person begins to speak. A reply that nobody has asked for is void."""
        ...

    def tell(self, message: Message) -> None:
        """Something was said, or a key was pressed, of which the model knows nothing."""
        ...

    def reply(self) -> AsyncIterator[Piece]:
        """Yield the answer to what was said last. Closing the iterator stops the vendor's work.

        Raises:
            VendorBusy, VendorRefused: the model does not answer, or the stream broke.
        """
        ...

    def advise(self, note: str) -> None:
        """This is to be heeded in the replies to come, and what was advised before no more; "": nothing is."""
        ...

    def used(self, call: ToolCall, result: str) -> None:
        """A tool was used. `reply` goes on from there; or from what was said meanwhile, if the person went on."""
        ...

    def cut(self, heard_ms: int, heard: str) -> None:
        """Of the last reply the person heard only so much, which were these words. The rest leaves the context."""
        ...


class Talker(Protocol):
    """A vendor of speech-to-speech."""

    name: str

    async def open(
        self, *, instructions: str, tools: Sequence[ToolSpec], voice: str, language: str, hints: tuple[str, ...] = ()
    ) -> Talk:
        """Begin a conversation.

        Args:
            instructions: the system prompt.
            tools: what the model may ask for.
            voice: one of the vendor's voices; "" for its default.
            language: BCP 47, or "multi" for whichever is spoken.
            hints: names that may be said.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many sessions, or it cannot be reached.
        """
        ...
