"""Which language somebody speaks."""

from __future__ import annotations

import pytest

from dialer.languages.detecting import asked_for, spoken
from dialer.languages.known import ALL


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Yes, tell me more about it.", "en"),
        ("हाँ बताइए", "hi"),
        ("मुझे solar panel चाहिए घर के लिए", "hi"),
        ("mujhe iske baare mein batao", "hi"),
        ("kitna kharcha hoga", "hi"),
        ("I have a meeting, call me later", "en"),
        ("Do you know Mr. Acharya?", "en"),
    ],
)
def test_spoken(words: str, code: str) -> None:
    found = spoken(words, ALL)
    assert found is not None
    assert found.code == code


def test_nothing_tells_nothing() -> None:
    assert spoken("...", ALL) is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Can you speak Hindi?", "hi"),
        ("हिंदी में बात कीजिए", "hi"),
        ("Hindi mein boliye", "hi"),
        ("हिन्दी में बोलिए ना", "hi"),
        ("English please", "en"),
        ("इंग्लिश में बात करो", "en"),
        ("I read an English book", None),
        ("मुझे हिंदी पसंद है", None),
    ],
)
def test_asked_for(words: str, code: str | None) -> None:
    found = asked_for(words, ALL)
    assert (found.code if found else None) == code
