"""Words that tell who answered: cues with weights, which add up.

No single phrase decides, because a line that loses every twentieth word would lose the phrase with it. Weights are in
units of a verdict: what comes to `ENOUGH` is one. They were set by hand and checked against the tuning part of the
labelled set (docs/who-answered.md). All languages are tried on all words: a carrier's announcements are in the language
of the country, or in two, whatever the agent speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from dialer.conversation.cue import Cue
from dialer.conversation.machines_english import ENGLISH
from dialer.conversation.machines_hindi import HINDI

ENOUGH: Final = 1.0
LANGUAGES: Final = (ENGLISH, HINDI)
KINDS: Final = ("voicemail", "screening", "ivr", "fax")
Sign = Literal["promises_beep", "no_mailbox", "greets", "asks_to_wait", "turns_away"]


def scores(words: str) -> Mapping[str, float]:
    """How much words speak for each kind of machine: voicemail, screening, ivr, fax."""
    total = dict.fromkeys(KINDS, 0.0)
    for said in LANGUAGES:
        heard = said.as_written(words)
        person = _sum(said.person, heard)
        for kind in KINDS:
            total[kind] += _sum(getattr(said, kind), heard) - person
    return MappingProxyType(total)


def shows(sign: Sign, words: str) -> bool:
    """Whether words show a sign of `cue.Machines` in any language."""
    return any(getattr(said, sign).search(said.as_written(words).strip()) for said in LANGUAGES)


def _sum(cues: tuple[Cue, ...], words: str) -> float:
    return sum(cue.score(words) for cue in cues)
