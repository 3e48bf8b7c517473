"""Cuts sections into chunks of a few sentences: small enough to be about one thing, large enough to be understood."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dialer.knowledge.sections import Section

CHUNK_CHARACTERS: Final = 700
"""At most; about 150 tokens of English. Four of them are read by a model before it says its first word."""
OVERLAP_CHARACTERS: Final = 120
"""Of the chunk before, in whole sentences, if it was cut in the middle of a section."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?\u2026\u3002\u0964])[\"'\u201d\u2019)]*\s+|\n+")


@dataclass(frozen=True)
class Chunk:
    """A passage that can be found. Chunks never reach over two sections."""

    text: str
    place: str
    title: str

    @property
    def embedded(self) -> str:
        """What the vector is made of: the headings belong to the meaning."""
        return f"{self.title}\n{self.text}" if self.title else self.text

    @cached_property
    def sha256(self) -> str:
        """What identifies the content."""
        return hashlib.sha256(self.embedded.encode()).hexdigest()


def chunks(sections: Iterable[Section]) -> Iterator[Chunk]:
    """Cut sections into chunks, in order."""
    for section in sections:
        for text in _cut(section.text):
            yield Chunk(text, section.place, section.title)


def _cut(text: str) -> Iterator[str]:
    if len(text) <= CHUNK_CHARACTERS:
        yield text
        return
    kept: list[str] = []
    size = fresh = 0
    for sentence in _sentences(text):
        if fresh and size + len(sentence) > CHUNK_CHARACTERS:
            yield "".join(kept).strip()
            kept = _tail(kept, CHUNK_CHARACTERS - len(sentence))
            size, fresh = sum(map(len, kept)), 0
        kept.append(sentence)
        size += len(sentence)
        fresh += 1
    if fresh:
        yield "".join(kept).strip()


def _tail(sentences: list[str], room: int) -> list[str]:
    """The last whole sentences that fit into the overlap, and into what room there is."""
    tail: list[str] = []
    size = 0
    for sentence in reversed(sentences):
        size += len(sentence)
        if size > min(OVERLAP_CHARACTERS, room):
            break
        tail.insert(0, sentence)
    return tail


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences with the white space after them; one that is longer than a chunk is cut between words."""
    start = 0
    for end in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        sentence = text[start:end]
        start = end
        while len(sentence) > CHUNK_CHARACTERS:
            space = sentence.rfind(" ", 1, CHUNK_CHARACTERS)
            at = space + 1 if space > 0 else CHUNK_CHARACTERS
            yield sentence[:at]
            sentence = sentence[at:]
        if sentence:
            yield sentence
