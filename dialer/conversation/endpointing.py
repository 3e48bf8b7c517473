"""When a person's turn is over, from speech edges and words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from dialer.agents.definition import Turntaking
from dialer.speech.base import Heard

FINAL_WAIT_S: Final = 0.35
"""How long a turn that is over by silence waits for the recognizer's final words before the interim ones must do."""
WORDLESS_S: Final = 1.5
"""Voice without any word for so long after its end was noise."""
LATE_FINAL_S: Final = 2.0
"""Final words may come so long after their interim ones had to do; they are not heard twice."""
OPEN_ENDED: Final = 2.0
"""How many times the usual silence is waited for after words that promise more ("and", "because", "um")."""

_COMPLETE: Final = re.compile(r"[.?!।]\s*$")
_PROMISES_MORE: Final = re.compile(
    r"(?:\b(?:and|but|or|so|because|cause|if|when|that|the|a|an|to|of|for|with|my|your|is|um+|uh+|er+|like|well)"
    r"|,)\s*$",
    re.IGNORECASE,
)


class Endpointer:
    """Tells when a turn is over, from speech edges and words. One per turn.

    Times come in as arguments, on the loop's clock, in seconds; the answer goes out as a deadline. The caller waits.
    """

    __slots__ = ("_finals", "_settings", "_sure", "ended_s", "final_s", "finalize_asked", "interim", "started_s")

    def __init__(self, settings: Turntaking) -> None:
        self._settings = settings
        self._finals: list[str] = []
        self._sure = False
        self.interim = ""
        """Words that may still change."""
        self.started_s = 0.0
        """Begin of the first speech; 0.0 while there was none."""
        self.ended_s = 0.0
        """End of the last speech, as the VAD saw it."""
        self.final_s = 0.0
        """When the last final words came."""
        self.finalize_asked = False

    @property
    def text(self) -> str:
        """All words so far, final ones first."""
        return " ".join(part for part in (*self._finals, self.interim) if part)

    @property
    def final_text(self) -> str:
        """The final words so far."""
        return " ".join(self._finals)

    def voice(self, began_s: float, now: float) -> None:
        """Speech that began at `began_s` goes on at `now`."""
        if not self.started_s:
            self.started_s = began_s
        if now > self.ended_s:
            self.ended_s = now
            self._sure = False
            self.finalize_asked = False

    def words(self, heard: Heard, now: float) -> None:
        """The recognizer heard something."""
        if heard.text and not self.started_s:  # a voice too faint for the VAD
            self.started_s = self.ended_s = now
        if heard.is_final:
            if heard.text:
                self._finals.append(heard.text)
                self.final_s = now
            self.interim = ""
        elif heard.text != self.interim:
            self.interim = heard.text
        if heard.end_of_turn:
            self._sure = True

    def deadline(self) -> float | None:
        """When the turn is over if nothing more happens; None while it has not begun."""
        if not self.started_s:
            return None
        text = self.text
        if not text:
            return self.ended_s + WORDLESS_S
        silence_s = self._settings.endpoint_ms / 1000
        if self._sure or _COMPLETE.search(text):
            silence_s = self._settings.endpoint_sure_ms / 1000
        elif _PROMISES_MORE.search(text):
            silence_s *= OPEN_ENDED
        waits_for_final = FINAL_WAIT_S if self.interim else 0.0
        return self.ended_s + silence_s + waits_for_final

    def wants_final(self, now: float) -> bool:
        """Whether the recognizer should be asked for its final words now; says so once per pause."""
        if self.finalize_asked or not self.started_s or now - self.ended_s < self._settings.endpoint_sure_ms / 1000:
            return False
        self.finalize_asked = True
        return True


class PersonTurns:
    """The person's turns, one after the other. Times come in as arguments, as for `Endpointer`."""

    __slots__ = ("_settings", "_taken", "_taken_s", "turn")

    def __init__(self, settings: Turntaking) -> None:
        self._settings = settings
        self.turn = Endpointer(settings)
        self._taken = ""
        self._taken_s = 0.0

    def words(self, heard: Heard, now: float) -> bool:
        """Take what the recognizer heard; return whether it says anything that was not known."""
        if heard.is_final and heard.text and now - self._taken_s < LATE_FINAL_S:
            heard = replace(heard, text=unheard(heard.text, self._taken))
            self._taken = ""
        if not heard.text and not self.turn.started_s:
            return False  # the end of a turn that was ended already
        self.turn.words(heard, now)
        return True

    def finish(self, now: float) -> Endpointer:
        """End the present turn and begin the next one. Interim words count as said."""
        turn = self.turn
        self.turn = Endpointer(self._settings)
        self._taken, self._taken_s = turn.interim, now
        return turn


def unheard(final: str, interim: str) -> str:
    """Return what final words add to interim words that were taken for final already."""
    said, taken = final.split(), interim.split()
    same = [_bare(word) for word in said[: len(taken)]] == [_bare(word) for word in taken]
    return " ".join(said[len(taken) :]) if taken and same else final


def _bare(word: str) -> str:
    return word.strip(".,!?;:").lower()
