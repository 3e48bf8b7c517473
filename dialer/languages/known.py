"""The languages there are, and what they have in common with a locale that an agent names."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from dialer.languages.base import Language
from dialer.languages.english import ENGLISH
from dialer.languages.hindi import HINDI

ALL: Final = (ENGLISH, HINDI)
_BY_CODE: Final = {language.code: language for language in ALL}


def of(tag: str) -> Language:
    """Return the language of a BCP 47 tag such as `hi-IN`.

    One that has no module here is spoken by the model and the voices as well as they can: its fixed lines are the
    English ones unless the agent brings its own, and figures are left to the voice.
    """
    code = tag.partition("-")[0].lower()
    return _BY_CODE.get(code) or replace(ENGLISH, code=code, name=f"the language {tag}", read_aloud=str)
