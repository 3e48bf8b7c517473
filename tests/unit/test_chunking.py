"""Chunks are small, whole sentences where they can be, and nothing of a section is lost between them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dialer.knowledge.chunking import CHUNK_CHARACTERS, OVERLAP_CHARACTERS, chunks
from dialer.knowledge.sections import Section

WORDS = st.lists(
    st.sampled_from(["warranty", "panel.", "of", "25", "years!", "Is\u0964", "\u0918\u0930", "x" * 900]), min_size=1
)


def test_a_short_section_is_one_chunk_with_its_place() -> None:
    (chunk,) = chunks([Section("The warranty is 25 years.", "page 3", "Terms")])

    assert (chunk.text, chunk.place, chunk.title) == ("The warranty is 25 years.", "page 3", "Terms")
    assert chunk.embedded == "Terms\nThe warranty is 25 years."


def test_a_long_section_is_cut_between_sentences_with_the_last_one_repeated() -> None:
    sentences = [f"Sentence number {number} says something about solar panels." for number in range(40)]

    found = list(chunks([Section(" ".join(sentences))]))

    assert len(found) > 2
    for before, after in pairwise(found):
        assert before.text.endswith(".")
        last = "Sentence" + before.text.rsplit("Sentence", 1)[1]
        assert after.text.startswith("Sentence")
        assert last in after.text[: 2 * OVERLAP_CHARACTERS]


@given(WORDS)
def test_no_chunk_is_too_long_and_no_word_is_lost(words: list[str]) -> None:
    text = " ".join(words)

    found = [chunk.text for chunk in chunks([Section(text)])]

    assert all(0 < len(chunk) <= CHUNK_CHARACTERS for chunk in found)
    pieces = {piece for chunk in found for piece in chunk.split()}
    assert {word for word in words if len(word) < 900} <= pieces


def test_chunks_never_reach_over_sections() -> None:
    found = list(chunks([Section("One."), Section("Two.")]))

    assert [chunk.text for chunk in found] == ["One.", "Two."]


def test_the_heading_is_part_of_the_content() -> None:
    first, second = chunks([Section("Nine dollars.", title="Basic"), Section("Nine dollars.", title="Full")])

    assert first.sha256 != second.sha256
