"""Keys that the person presses become numbers. A policy without a clock.

9 alone asks for no more calls, as every opener says. During the opener it does so at once; later a 9 may be the first
digit of a number, so that it counts when nothing else follows.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

OPT_OUT_DIGIT: Final = "9"
COMPLETES: Final = "#"
LONGEST: Final = 32
"""Keys after which a number is taken for complete: nobody means more."""


class Meaning(Enum):
    """What a number of keys says."""

    OPT_OUT = "opt out"
    NUMBER = "number"


def meaning(digits: str) -> Meaning:
    """Read what was pressed. Somebody who presses 9 again and again has not been heard the first time."""
    return Meaning.OPT_OUT if digits.strip(OPT_OUT_DIGIT) == "" else Meaning.NUMBER


class Keypad:
    """Collects keys. Times come in as arguments, on the loop's clock, in seconds."""

    __slots__ = ("_complete", "_gap_s", "digits", "pressed_s", "started_s")

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._complete = False
        self.digits = ""
        """Pressed so far, of a number that is not complete."""
        self.started_s = 0.0
        self.pressed_s = 0.0

    def press(self, key: str, now: float) -> None:
        """A key was pressed."""
        if not self.digits and key != COMPLETES:
            self.started_s = now
        self.pressed_s = now
        if key == COMPLETES:
            self._complete = bool(self.digits)
        else:
            self.digits += key
            self._complete = len(self.digits) >= LONGEST

    def take(self, now: float) -> str:
        """Return the number that is complete by now, once; "" if there is none."""
        if not self.digits or not (self._complete or now - self.pressed_s >= self._gap_s):
            return ""
        return self.flush()

    def flush(self) -> str:
        """Return what was pressed so far, complete or not, and begin anew."""
        digits, self.digits, self._complete = self.digits, "", False
        return digits
