"""When a person's turn is over, from speech edges and words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from dialer.agents.turntaking import Turntaking
from dialer.audio.vad import TAIL_S
from dialer.languages.base import plain
from dialer.languages.known import ALL
from dialer.speech.base import Heard

FINAL_WAIT_S: Final = 0.35
"""How long a turn that is over by silence waits for the recognizer's final words before the interim ones must do."""
WORDLESS_S: Final = 1.5
"""Voice without any word for so long after its end was noise."""
LATE_FINAL_S: Final = 2.0
"""Final words may come so long after their interim ones had to do; they are not heard twice."""

_COMPLETE: Final = re.compile(r"[.?!।]\s*$")
_PROMISES_MORE: Final = re.compile(rf"(?:^|\s)(?:{'|'.join(language.promises_more for language in ALL)})$")


def _promises_more(words: str) -> bool:
    """Whether nobody ends like this, in whatever language: a comma, "and", "because"."""
    return words.rstrip().endswith(",") or bool(_PROMISES_MORE.search(plain(words)))


class Endpointer:
    """Tells when a turn is over, from speech edges and words. One per turn.

    Times come in as arguments, on the loop's clock, in seconds; the answer goes out as a deadline. The caller waits.
    """

    __slots__ = (
        "_finals",
        "_promises_more",
        "_settings",
        "_silence_s",
        "_sure_s",
        "ended_s",
        "final_delay_s",
        "final_s",
        "finalize_asked",
        "interim",
        "language",
        "over_s",
        "started_s",
        "text",
    )

    def __init__(self, settings: Turntaking) -> None:
        self._settings = settings
        self._finals: list[str] = []
        self._sure_s = 0.0
        """When the recognizer said that the turn is over; 0.0 if it has not, or the person went on."""
        self._promises_more = False
        self._silence_s = settings.endpoint_ms / 1000
        """The silence that ends a turn of these words."""
        self.interim = ""
        """Words that may still change."""
        self.text = ""
        """All words so far, final ones first."""
        self.started_s = 0.0
        """Begin of the first speech; 0.0 while there was none."""
        self.ended_s = 0.0
        """End of the last speech, as the VAD saw it."""
        self.final_s = 0.0
        """When the last final words came."""
        self.language = ""
        """What the recognizer says that the person speaks."""
        self.final_delay_s = 0.0
        """How long the recognizer took for them, from the moment it had their audio."""
        self.over_s = 0.0
        """When the turn was taken for over."""
        self.finalize_asked = False

    def voice(self, began_s: float, now: float) -> None:
        """Speech that began at `began_s` goes on at `now`."""
        if not self.started_s:
            self.started_s = began_s
        if now > self.ended_s:
            self.ended_s = now
            self.finalize_asked = False
            if self._sure_s and now > self._sure_s + TAIL_S:  # no mere tail of what the recognizer knows the end of
                self._sure_s = 0.0
                self._weigh()

    def words(self, heard: Heard, now: float, delay_s: float = 0.0) -> None:
        """The recognizer heard something, and took `delay_s` for it."""
        if heard.text and not self.started_s:  # a voice too faint for the VAD
            self.started_s = self.ended_s = now
        if heard.is_final:
            if heard.text:
                self._finals.append(heard.text)
                self.final_s, self.final_delay_s = now, delay_s
            self.interim = ""
        elif heard.text != self.interim:
            self.interim = heard.text
        self.language = heard.language or self.language
        if heard.end_of_turn:
            self._sure_s = now
        self.text = " ".join(part for part in (*self._finals, self.interim) if part)
        self._promises_more = _promises_more(self.text)
        self._weigh()

    def deadline(self) -> float | None:
        """When the turn is over if nothing more happens; None while it has not begun."""
        if not self.started_s:
            return None
        if not self.text:
            return self.ended_s + WORDLESS_S
        return self.ended_s + self._silence_s + (FINAL_WAIT_S if self.interim else 0.0)

    def stt_wait_s(self) -> float:
        """How much later the turn is over than by silence alone, because the recognizer's final words took their time.

        No longer than the recognizer took for them: what it waited for by our own settings is not its delay.
        """
        return min(max(self.final_s - self.ended_s - self._silence_s, 0.0), self.final_delay_s)

    def _weigh(self) -> None:
        """Find the silence that ends the turn; done as words come, for it is asked for at every tick."""
        settings = self._settings
        if self._promises_more:  # the recognizer's end of turn may be no more than a pause
            silence_ms = settings.endpoint_open_ms
        elif self._sure_s or _COMPLETE.search(self.text):
            silence_ms = settings.endpoint_sure_ms
        else:
            silence_ms = settings.endpoint_ms
        self._silence_s = silence_ms / 1000

    def probably_over(self, now: float) -> bool:
        """Whether it is worth its while to prepare an answer to the words so far."""
        if not self.text or self._promises_more:
            return False
        return self._sure_s > 0 or now - self.ended_s >= self._settings.eager_ms / 1000

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

    def words(self, heard: Heard, now: float, delay_s: float = 0.0) -> bool:
        """Take what the recognizer heard; return whether it says anything that was not known."""
        if heard.is_final and heard.text and now - self._taken_s < LATE_FINAL_S:
            heard = replace(heard, text=unheard(heard.text, self._taken))
            self._taken = ""
        if not heard.text and not self.turn.started_s:
            return False  # the end of a turn that was ended already
        self.turn.words(heard, now, delay_s)
        return True

    def finish(self, now: float) -> Endpointer:
        """End the present turn and begin the next one. Interim words count as said."""
        turn = self.turn
        turn.over_s = now
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
