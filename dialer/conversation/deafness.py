"""Whether a recognizer whose socket is open has gone deaf: somebody spoke, and it shows no sign of life.

It is asked for its words at each pause. If it was given speech that it has not told the words of, it answers within a
second, if only to say that there were none. In the midst of a long sentence some vendors say nothing for a while: they
are asked before they are judged.
"""

from __future__ import annotations

from typing import Final

from dialer.audio.vad import TAIL_S

ANSWER_S: Final = 2.0
"""How long it may take to answer when it is asked for its words; a network's hiccup is shorter."""
SPEECH_S: Final = 3.0
"""Speech for so long without a sign of life is suspicious."""


class Deafness:
    """One stream's signs of life. Times come in as arguments, on the loop's clock, in seconds."""

    __slots__ = ("_asked_s", "_asked_signs", "_began_s", "_began_signs", "_spoke_s", "_told_s")

    def __init__(self) -> None:
        self._began_s = 0.0
        self._began_signs = 0
        self._spoke_s = 0.0
        self._told_s = 0.0
        self._asked_s = 0.0
        self._asked_signs = 0

    def voice(self, since_s: float, until_s: float, signs: int) -> None:
        """Somebody has spoken from then on, and until then as far as is known."""
        self._spoke_s = until_s
        if since_s > self._began_s:
            self._began_s, self._began_signs = since_s, signs

    def told(self, now: float) -> None:
        """It told the final words of what was said so far."""
        self._told_s = now

    def asked(self, now: float, signs: int) -> None:
        """It was asked for its words. A quick one has told the last sound while the voice detector still hears it."""
        if self._spoke_s > self._told_s + TAIL_S and not self.unanswered(signs):
            self._asked_s, self._asked_signs = now, signs

    def unanswered(self, signs: int) -> bool:
        """Whether it was asked, and has not answered yet."""
        return self._asked_s > 0 and signs == self._asked_signs

    def suspicious(self, now: float, signs: int) -> bool:
        """Whether it should be asked, in the midst of a sentence. Says so once per sentence."""
        if not self._began_s or signs != self._began_signs or now - self._began_s < SPEECH_S:
            return False
        return not self.unanswered(signs)

    def certain(self, now: float, signs: int) -> bool:
        """Whether it is deaf."""
        return self.unanswered(signs) and now - self._asked_s >= ANSWER_S
