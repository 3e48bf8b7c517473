"""What is due by the clock alone: a recognizer gone deaf, a call too long, a silence, a machine's next step."""

from __future__ import annotations

from dialer.agents.turntaking import Turntaking
from dialer.conversation.activity import Activity
from dialer.conversation.closing import Closing
from dialer.conversation.facts import EndReason
from dialer.conversation.floor import Floor
from dialer.conversation.listening import Listening
from dialer.conversation.machines import Machines
from dialer.conversation.patience import Nudge
from dialer.conversation.speaking import Speaking
from dialer.conversation.stage import Mode, Stage


class Deadlines:
    """One call's. Times come in as arguments, on the loop's clock, in seconds."""

    def __init__(
        self,
        settings: Turntaking,
        stage: Stage,
        *,
        listening: Listening,
        speaking: Speaking,
        floor: Floor,
        machines: Machines,
        activity: Activity,
        closing: Closing,
    ) -> None:
        self._settings = settings
        self._stage = stage
        self._listening = listening
        self._speaking = speaking
        self._floor = floor
        self._machines = machines
        self._activity = activity
        self._closing = closing

    def check(self, now: float) -> None:
        """Do what is due."""
        self._floor.mind(now)
        if self._stage.mode is Mode.CLOSING:
            return
        if self._listening.deaf:
            self._activity.start(self._closing.close(EndReason.FAILED, self._speaking.agent.trouble))
        elif now - self._stage.began_s >= self._settings.max_call_s:
            self._activity.start(self._closing.close(EndReason.TOO_LONG, self._speaking.agent.goodbye))
        else:
            self._machines.take(now)
            self._mind_silence(now)

    def _mind_silence(self, now: float) -> None:
        if self._stage.mode not in (Mode.TALKING, Mode.SCREENED):
            return
        screened = self._stage.mode is Mode.SCREENED
        nudge = self._floor.nudge(now, screened=screened)
        if nudge is Nudge.PROMPT:
            self._speaking.line("prompt", self._speaking.agent.still_there)
        elif nudge is Nudge.GIVE_UP:
            reason = EndReason.SCREENED if screened else EndReason.SILENCE
            self._activity.start(self._closing.close(reason, self._speaking.agent.goodbye))
