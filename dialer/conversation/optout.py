"""Whether somebody asks not to be called again, decided outside the language model.

Fails towards the person: a phrase that may mean it counts, except where it plainly means something else ("don't call me
before five" asks for another time, not for none). The words are those of all languages at once, for people change
languages within a sentence, and a call in Hindi is no reason not to understand "stop calling".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from dialer.languages.base import OptOutWords, plain
from dialer.languages.known import ALL


class _Asking:
    """One language's ways."""

    def __init__(self, words: OptOutWords) -> None:
        self._asks, self._asks_for_good, self._another_time, self._for_good, self._denies = (
            re.compile(rf"(?<!\S)(?:{pattern})(?!\S)") if pattern else None
            for pattern in (words.asks, words.asks_for_good, words.another_time, words.for_good, words.denies)
        )

    def found_in(self, said: str) -> bool:
        """Whether plain words ask for it, besides what they deny to ask for."""
        if self._denies is not None:
            said = self._denies.sub(",", said)
        if _in(self._asks_for_good, said):
            return True
        return _in(self._asks, said) and (_in(self._for_good, said) or not _in(self._another_time, said))


def _in(pattern: re.Pattern[str] | None, said: str) -> bool:
    return pattern is not None and pattern.search(said) is not None


_LANGUAGES: Final = tuple(_Asking(language.opt_out) for language in ALL)


@lru_cache(maxsize=1024)  # asked at every tick of a pause, mostly with the same words
def wants_out(words: str) -> bool:
    """Whether these words ask for no more calls."""
    said = plain(words)
    return any(language.found_in(said) for language in _LANGUAGES)
