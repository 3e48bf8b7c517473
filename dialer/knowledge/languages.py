"""Which of Postgres' text search configurations reads a language: its stems and stop words."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dialer.errors import BadInput

CONFIGURATIONS: Final = MappingProxyType(
    {
        "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
        "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "it": "italian",
        "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish",
        "ta": "tamil", "tr": "turkish",
    }
)  # fmt: skip
"""ISO 639-1 → configuration. Any other language is read without stems: `simple`."""


def configuration(locale: str) -> str:
    """Return the configuration of a locale such as en-US or hi.

    Raises:
        BadInput: it is no locale.
    """
    language = locale.replace("_", "-").split("-")[0].lower()
    if not (language.isalpha() and len(language) in (2, 3)):
        raise BadInput(f"{locale!r} is no language; write it as in en-US or hi.")
    return CONFIGURATIONS.get(language, "simple")
