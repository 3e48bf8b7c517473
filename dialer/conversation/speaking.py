"""The agent's turns on one call: fixed lines and answers, from the first word to what was heard of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dialer.agents.definition import AgentDefinition
from dialer.audio import dtmf
from dialer.conversation.bargein import BargeIn
from dialer.conversation.endpointing import Endpointer
from dialer.conversation.lines import FixedLines
from dialer.conversation.mouth import Mouth
from dialer.conversation.playout import Audio, Played, Playout
from dialer.conversation.timings import Opening, Timings
from dialer.conversation.transcript import Transcript
from dialer.conversation.vendors import Crew
from dialer.conversation.weakly import weakly
from dialer.languages import known

ANSWER = "talk"
OPENER = "opener"


class Speaking:
    """One turn after the other. Every turn of which a frame was sent is stored once, when it ends."""

    def __init__(
        self,
        agent: AgentDefinition,
        lead: Mapping[str, Any],
        *,
        crew: Crew,
        lines: FixedLines,
        played: Played,
        transcript: Transcript,
        opening: Opening,
        on_said: Callable[[str, bool, float], None],
        on_sound: Callable[[], object],
    ) -> None:
        """Begin silent.

        Args:
            agent: what the agent says and how it sounds.
            lead: fills the placeholders.
            crew: the vendors.
            lines: the process's fixed lines.
            played: who records what is heard.
            transcript: where turns are stored.
            opening: the way to the opener's first sound.
            on_said: called as (kind, proven, now) when a turn was heard to its end.
            on_sound: called when there is something to be heard before the next look.
        """
        self.agent = agent
        """What it says and how it sounds now."""
        self._lead = dict(lead)
        self._lines = lines
        self._transcript = transcript
        self._opening = opening
        self._opened = False
        self._on_said = on_said
        self._on_sound = on_sound
        self.playout = Playout(played, weakly(self._finished), on_sound)
        self.mouth = Mouth(crew, self.playout, transcript.spent, voice=agent.cast, language=agent.language)
        self.kind = ANSWER
        self.timings = Timings()
        self.barge_in = BargeIn(agent.turntaking)

    @property
    def active(self) -> bool:
        """Whether a turn is open."""
        return self.playout.active

    @property
    def asks(self) -> bool:
        """Whether what is being said ends with a question."""
        segments = self.playout.segments
        return bool(segments) and segments[-1].text.rstrip().endswith("?")

    def text(self, template: str) -> str:
        """Fill the placeholders of a text."""
        return self.agent.say(template, self._lead)

    def line(self, kind: str, template: str) -> None:
        """Say a fixed line as a turn of its own."""
        text = self.text(template)
        self._begin(kind)
        self._add(text, self._line(text))
        self.playout.close()

    def prepare(self) -> None:
        """Have the lines made that must be there at once when they are needed."""
        for template in (self.agent.filler, self.agent.still_there, self.agent.opt_out_confirmation):
            if text := self.text(template):
                self._line(text)

    def bridge(self) -> None:
        """Fill the pause within the open turn with the filler line, unless something is being said."""
        text = self.text(self.agent.filler)
        if text and self.active and all(segment.over for segment in self.playout.segments):
            self._add(text, self._line(text))

    def use(self, agent: AgentDefinition) -> None:
        """Speak like this from the next sentence on."""
        self.agent = agent
        self.mouth.use(voice=agent.cast, language=agent.language)
        self.prepare()

    def answer(self, turn: Endpointer | None) -> None:
        """Open a turn that answers what the person said; sentences follow through the mouth."""
        self._begin(ANSWER)
        if turn is not None:
            timings = self.timings
            timings.last_word_s, timings.stt_final_s, timings.turn_over_s = turn.ended_s, turn.final_s, turn.over_s
            timings.stt_wait_s = turn.stt_wait_s()

    def press(self, keys: str) -> None:
        """Send keys as tones, as a turn of its own."""
        self._begin("digits")
        self._add(keys, Audio(dtmf.play(keys), done=True))
        self.playout.close()

    def interrupt(self, now: float) -> None:
        """Fall silent; what was heard so far is the turn."""
        if not self.active:
            return
        began_s = self.playout.first_sent_s
        heard = self.playout.stop(now)
        self.mouth.stop()
        self._store(heard, began_s, now, interrupted=True)

    def _add(self, text: str, audio: Audio) -> None:
        """Let it be heard at once: the next look may be far away."""
        self.playout.add(text, audio)
        self._on_sound()

    def _line(self, text: str) -> Audio:
        agent = self.agent
        return self._lines.get(known.of(agent.language).read_aloud(text), voice=agent.cast, language=agent.language)

    def _begin(self, kind: str) -> None:
        self.kind = kind
        self.timings = Timings()
        self.barge_in = BargeIn(self.agent.turntaking)
        self.playout.begin()

    def _finished(self, proven: bool, now: float) -> None:  # noqa: FBT001 - the playout's callback
        began_s, heard = self.playout.first_sent_s, self.playout.heard_text()
        self.playout.end()
        self._store(heard, began_s, now, interrupted=False)
        self._on_said(self.kind, proven, now)

    def _store(self, heard: str, began_s: float, now: float, *, interrupted: bool) -> None:
        if not began_s:
            return  # not a frame went out
        self.timings.sent_s = began_s
        timings_ms = self.timings.as_ms()
        if self.kind == OPENER:  # one that is said again to whom a machine put through is no answer to the ringing
            timings_ms = {} if self._opened else self._opening.as_ms(began_s)
            self._opened = True
        self._transcript.agent(
            heard,
            started_s=began_s,
            ended_s=now,
            kind=self.kind,
            interrupted=interrupted,
            timings_ms=timings_ms,
        )
