"""What OpenAI's recognizer says of audio that it was asked about."""

from __future__ import annotations

import asyncio
from typing import Any

from dialer.errors import VendorBusy
from dialer.speech.base import Heard
from dialer.speech.openai import OpenAIStream

COMMITTED = {"type": "input_audio_buffer.committed", "item_id": "i1"}
COMPLETED = {
    "type": "conversation.item.input_audio_transcription.completed",
    "item_id": "i1",
    "transcript": "Never call me again.",
}
NOTHING = {"type": "error", "error": {"code": "input_audio_buffer_commit_empty"}}


def told(*messages: dict[str, Any]) -> list[Heard]:
    """Ask for the words of 2 s of audio, and again of the 1 s after it; return what the messages say."""

    async def main() -> list[Any]:
        stream = OpenAIStream()
        for seconds in (2, 1):
            stream.wrap(bytes(8000 * seconds))
            stream.finalize()
        pieces = [piece for message in messages for piece in stream.read(message)]
        stream.accepted.set_exception(VendorBusy("openai", "over"))
        stream.accepted.exception()
        return pieces

    return asyncio.run(main())


def test_that_there_is_nothing_more_does_not_end_the_wait_for_words_that_are_on_their_way() -> None:
    (heard,) = told(COMMITTED, NOTHING, COMPLETED)

    assert (heard.text, heard.is_final, heard.ended_s) == ("Never call me again.", True, 2.0)


def test_that_there_is_nothing_at_all_is_an_answer() -> None:
    assert told(NOTHING, NOTHING) == [Heard("", is_final=True)] * 2


def test_words_of_the_second_asking_are_about_its_audio() -> None:
    (nothing, heard) = told(NOTHING, COMMITTED, COMPLETED)

    assert nothing == Heard("", is_final=True)
    assert heard.ended_s == 3.0
