"""How long the fake vendors of every contestant take. The peer and the limit read them from `speech.json`.

Speech to text: an interim result every `INTERIM_MS` of speech, the final one `STT_FINAL_MS` after the last frame with
speech. A frame of digital silence (mu-law 0xFF throughout) is silence; the callers' utterances hold none.
Language model: the first token after `FIRST_TOKEN_MS`, then `TOKENS_PER_S`; a token is a word of the reply.
Text to speech: the first audio `FIRST_AUDIO_MS` after a sentence came, then chunks at `SPEED` times real time.
"""

from __future__ import annotations

from typing import Final

STARTED_MS: Final = 100
INTERIM_MS: Final = 300
STT_FINAL_MS: Final = 100
FIRST_TOKEN_MS: Final = 150
TOKENS_PER_S: Final = 50
FIRST_AUDIO_MS: Final = 80
CHUNK_MS: Final = 100
SPEED: Final = 5

HEARD: Final = "that sounds good let us book it"
"""What the fake recognizer makes of every utterance."""
REPLY: Final = ("Sure, I can help you with that.", "What day works best for you this week?")
"""The sentences of every answer."""


def tokens() -> tuple[str, ...]:
    """The words of the reply as a model streams them: with their spaces in front."""
    words = " ".join(REPLY).split(" ")
    return (words[0], *(f" {word}" for word in words[1:]))


def floor_ms() -> float:
    """From the end of an utterance to the first audio, if nobody but the vendors took any time."""
    first_sentence = len(REPLY[0].split(" "))
    return STT_FINAL_MS + FIRST_TOKEN_MS + (first_sentence - 1) * 1000 / TOKENS_PER_S + FIRST_AUDIO_MS
