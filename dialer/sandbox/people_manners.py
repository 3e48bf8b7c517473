"""What people of a language say of their own accord, and how they sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Manners:
    """The manners of one language."""

    voices: tuple[str, ...]
    still_there: str
    calls_back: str
    must_go: str
    hum: str


MANNERS: Final[Mapping[str, Manners]] = {
    "en": Manners(
        voices=("en-us+f1", "en-us+m1", "en-us+f5", "en-us+m4", "en-gb+f2", "en-gb+m2", "en-us+m6", "en-gb+f4"),
        still_there="Hello? Is anybody there?",
        calls_back="Hello, I had a missed call from this number. What is it about?",
        must_go="Sorry, I have to go now. Goodbye.",
        hum="Uh-huh.",
    ),
    "hi": Manners(
        voices=("hi+f1", "hi+m1", "hi+f4", "hi+m6"),
        still_there="हेलो? कोई है?",
        calls_back="हेलो, इस नंबर से मिस्ड कॉल आई थी। क्या बात है?",
        must_go="माफ़ कीजिए, अब मुझे जाना होगा। नमस्ते।",
        hum="हाँ हाँ।",
    ),
}
