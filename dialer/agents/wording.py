"""What an agent says word for word, and in which languages. What it does not bring, its language has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

from dialer.languages import known

VendorName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+(/\S+)?$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
"""BCP 47, such as hi-IN."""
PLACEHOLDERS: Final = frozenset({"first_name", "last_name", "company", "agent", "seller", "callback_number"})
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


LineName = Literal[
    "screening",
    "inbound_opener",
    "inbound_closed",
    "drop",
    "goodbye",
    "opt_out_confirmation",
    "still_there",
    "filler",
    "trouble",
    "apology",
    "colleague_away",
]


class Translation(BaseModel):
    """How an agent speaks a language that it goes over to. Voices that are not named stay the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str = ""
    voices: tuple[VendorName, ...] = ()
    lines: dict[LineName, str] = {}
    """Those that are left out are the language's own."""

    @field_validator("lines")
    @classmethod
    def _know_placeholders(cls, value: dict[LineName, str]) -> dict[LineName, str]:
        return {name: known_placeholders(text) for name, text in value.items()}


class Wording(BaseModel):
    """The languages of an agent and its fixed lines. A definition always holds the lines that were meant by it."""

    language: LanguageTag = "en-US"
    """The language that it begins in."""
    languages: tuple[LanguageTag, ...] = ()
    """Others that it goes over to when the person speaks them or asks for them."""
    translations: dict[LanguageTag, Translation] = {}
    """What it says and sounds like in those."""
    screening: str = ""
    """What a call screener is told."""
    inbound_opener: str = ""
    """The opener when the person calls us."""
    inbound_closed: str = ""
    """What a person who calls us hears when nobody is free."""
    drop: str = ""
    """Said when the person answered and nobody is free to talk."""
    goodbye: str = ""
    opt_out_confirmation: str = ""
    still_there: str = ""
    """Said after a silence."""
    filler: str = ""
    """Said while a tool takes its time; empty: nothing."""
    trouble: str = ""
    """Said when no vendor can carry on."""
    apology: str = ""
    """Said first by a seat that takes the call over from another."""
    colleague_away: str = ""
    """Said first when nobody took a transfer, and the person is back."""

    @model_validator(mode="before")
    @classmethod
    def _says_what_its_language_says(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        tag = data.get("language", "en-US")
        return {**known.of(tag if isinstance(tag, str) else "en-US").lines, **data}

    @field_validator(*get_args(LineName))
    @classmethod
    def _knows_placeholders(cls, value: str) -> str:
        return known_placeholders(value)

    def speaking(self, tag: str) -> Self:
        """Return this agent as it speaks one of its languages."""
        if tag == self.language:
            return self
        brought = self.translations.get(tag, Translation()).model_dump()
        voices = {name: brought[name] for name in ("voice", "voices") if brought[name]}
        return self.model_copy(update={**known.of(tag).lines, **brought["lines"], **voices, "language": tag})


def known_placeholders(text: str) -> str:
    """Check that a text names only what can be filled in.

    Raises:
        ValueError: it names something else.
    """
    if unknown := set(PLACEHOLDER.findall(text)) - PLACEHOLDERS:
        raise ValueError(f"unknown placeholder {sorted(unknown)}; known: {sorted(PLACEHOLDERS)}")
    return text
