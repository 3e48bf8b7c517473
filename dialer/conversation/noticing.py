"""Notices how the person says what: each turn is understood beside the loop, stored, and heeded in the next answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

from phonenumbers import NumberParseException, parse, region_code_for_number

from dialer.audio.mulaw import FRAME_MS
from dialer.conversation.facts import Briefing, TurnUnderstood
from dialer.conversation.persons_audio import PersonsAudio
from dialer.conversation.transcript import Transcript
from dialer.understanding import model, note
from dialer.understanding.analysis import Understanding, Utterance
from dialer.understanding.analyst import Analyst
from dialer.understanding.voice import Baseline

MOST_FRAMES: Final = 300
"""Of a turn of more than 6 s the voice of its end is measured."""
MARGIN_FRAMES: Final = 5
"""The voice detection dates an end of speech some frames early."""
NO_REGION: Final = "ZZ"
"""No country: numbers are read only with their country code."""


class Noticing:
    """One call's understanding. On the loop, but for the work itself."""

    def __init__(
        self, briefing: Briefing, transcript: Transcript, analyst: Analyst | None, audio: PersonsAudio
    ) -> None:
        """Begin to notice.

        Args:
            briefing: the call.
            transcript: gets each turn's fact, and the note for the next answer.
            analyst: the process's; None: nothing is understood.
            audio: the person's.
        """
        self._analyst = analyst
        self._transcript = transcript
        self._local_time = briefing.local_time
        self._model = briefing.understanding or model.shipped()
        self._region = _region(briefing.from_number if briefing.direction == "inbound" else briefing.to_number)
        self._baseline = Baseline()
        self._loop = asyncio.get_running_loop()
        self._audio = audio
        self._asked = 0
        self._latest = 0
        """The number of the last turn that was to be understood."""
        self._answered = 0

    def turn(self, text: str, *, started_s: float, ended_s: float) -> None:
        """The transcript's last turn is the person's and says this; times are the loop's. Returns at once."""
        if self._analyst is None:
            return
        said = Utterance(
            text=text,
            heard=self._voice(started_s, ended_s),
            local_now=self._local_time + timedelta(seconds=max(ended_s - self._transcript.began_s, 0.0)),
            region=self._region,
            asked=self._transcript.asked,
        )
        self._asked += 1
        self._latest = self._transcript.number
        self._analyst.submit(said, self._model, self._baseline, partial(self._understood, self._latest))

    def counters(self) -> dict[str, float]:
        """How many of the person's turns were understood, and how many were dropped for being late."""
        return {"turns_understood": self._answered, "turns_not_understood": self._asked - self._answered}

    def _voice(self, started_s: float, ended_s: float) -> bytes:
        """The audio of a turn, as far as it is wanted and kept."""
        step_s = FRAME_MS / 1000
        behind = max(round((self._audio.heard_s - ended_s) / step_s) - MARGIN_FRAMES, 0)
        length = round((ended_s - started_s) / step_s) + 2 * MARGIN_FRAMES
        end = self._audio.count - behind
        return self._audio.between(max(end - length, self._audio.count - MOST_FRAMES), end)

    def _understood(self, number: int, found: Understanding) -> None:
        """In the analyst's thread."""
        try:
            self._loop.call_soon_threadsafe(self._noticed, number, found)
        except RuntimeError:  # the loop is gone, and so is the call
            return

    def _noticed(self, number: int, found: Understanding) -> None:
        self._answered += 1
        if number == self._latest:  # how they were some turns ago is not how they are
            self._transcript.noticed = note.write(found)
        self._transcript.post(TurnUnderstood(number, found))


def _region(phone: str) -> str:
    try:
        return region_code_for_number(parse(phone)) or NO_REGION
    except NumberParseException:
        return NO_REGION
