"""Who has the floor: when the agent yields, when a person's turn is over, when a silence has lasted too long."""

from __future__ import annotations

from enum import Enum
from typing import Final

from dialer.agents.turntaking import Turntaking
from dialer.audio.mulaw import FRAME_BYTES, FRAME_MS
from dialer.audio.vad import Ear
from dialer.conversation.activity import Activity
from dialer.conversation.bargein import Move, is_back_channel
from dialer.conversation.endpointing import Endpointer, PersonTurns
from dialer.conversation.listening import Listening
from dialer.conversation.patience import Nudge, Patience
from dialer.conversation.persons_audio import PersonsAudio
from dialer.conversation.speaking import Speaking
from dialer.speech.base import Heard

FRAME_S: Final = FRAME_MS / 1000
ANSWERS_EARLY_S: Final = 0.8
"""A "yes" within so long of the end of our question, had we not fallen silent for it, is its answer."""
PAUSE_S: Final = 0.08
"""A voice that was not heard for so long may have ended: a window of the voice detection, its next run, and frames that
come a little late."""
LATE_S: Final = 0.1
"""Audio is known so much later than it comes: two frames looked at together, a window of the voice detection, and its
next run."""
LOST_S: Final = 1.0
"""Audio that is later than this will not come."""
EACH_FRAME: Final = 1
"""Every moment counts, for the person may want the floor, or may have finished: frames are looked at one by one."""
CALM_FRAMES: Final = 2
"""So many are looked at together that may prove to be speech, while the agent is silent."""
PLAIN_FRAMES: Final = 10
"""And so many while the person plainly speaks and nobody else does, or plainly is silent. Of speech ear and recognizer
get each as it comes."""


class Claim(Enum):
    """What somebody wants who speaks while the agent has the floor."""

    TAKES = "takes"
    """They get it."""
    ANSWERS = "answers"
    """They answer the question that the agent is about to end."""
    NODS = "nods"
    """They are only listening."""


class Floor:
    """One call's turn-taking. Times come in as arguments, on the loop's clock, in seconds."""

    def __init__(
        self, settings: Turntaking, *, ear: Ear, listening: Listening, speaking: Speaking, activity: Activity
    ) -> None:
        self._settings = settings
        self._pause_s = min(PAUSE_S, settings.endpoint_sure_ms / 1000, settings.eager_ms / 1000)
        self._ear = ear
        self._listening = listening
        self._speaking = speaking
        self._activity = activity
        self._person = PersonTurns(settings)
        self._patience = Patience(settings)
        self._heard, self._heard_s = 0, 0.0
        """The number of the first frame that the ear has not got, and when it got the last one before."""
        self._taken_until_s = 0.0
        self._would_end_s = 0.0
        """When the agent's turn would have ended for which it last fell silent."""
        self.barge_ins = 0
        self.false_barge_ins = 0
        self.turns_discarded = 0

    def counters(self) -> dict[str, float]:
        """How often the agent fell silent for a voice, how often for nothing, and how many turns were mere nods."""
        return {
            "barge_ins": self.barge_ins,
            "false_barge_ins": self.false_barge_ins,
            "turns_discarded": self.turns_discarded,
        }

    @property
    def turn(self) -> Endpointer:
        """The person's present turn, begun or not."""
        return self._person.turn

    @property
    def agent_has_it(self) -> bool:
        """Whether the agent speaks or is about to."""
        return self._speaking.playout.active or self._activity.busy

    def hear(self, audio: PersonsAudio) -> None:
        """Let the ear have the frames that have come, each for its own time."""
        heard, feed = audio.between(self._heard, audio.count), self._ear.feed
        self._heard, end_s = audio.count, audio.heard_s
        if len(heard) == FRAME_BYTES:
            feed(heard, end_s)
        else:
            at_s = end_s - len(heard) // FRAME_BYTES * FRAME_S
            for at in range(0, len(heard), FRAME_BYTES):
                at_s += FRAME_S
                feed(heard[at : at + FRAME_BYTES], max(at_s, self._heard_s))
        self._heard_s = end_s

    def pauses(self, now: float) -> bool:
        """Whether whoever spoke may have ended."""
        return now - self._ear.last_voice_s >= self._pause_s

    def frames_apart(self, now: float) -> int:
        """How many frames may come until they must be looked at."""
        ear, started_s = self._ear, self._person.turn.started_s
        if ear.voiced_since_s:
            if not started_s or self.pauses(now) or self.agent_has_it:
                return EACH_FRAME
            return PLAIN_FRAMES
        if started_s or self._speaking.barge_in.held:
            return EACH_FRAME
        if ear.alert:
            return EACH_FRAME if self.agent_has_it else CALM_FRAMES
        return PLAIN_FRAMES

    def take(self, now: float, *, interruptible: bool) -> bool:
        """Do what is due; return whether the person's turn is over."""
        ear, turn = self._ear, self.heard(now)
        if interruptible and self.agent_has_it:
            if self._yield_or_not(now):
                return True
            turn = self._person.turn
        self._listening.urgent = bool(ear.voiced_since_s or turn.started_s)
        if not turn.started_s:
            return False
        silent_until_s = self._silent_until_s(now)
        if turn.wants_final(silent_until_s):
            self._listening.finalize()
        deadline = turn.deadline()
        return deadline is not None and silent_until_s >= deadline

    def heard(self, now: float) -> Endpointer:
        """Let the person's present turn have the voice so far, and return it. In a burst speech may begin and end."""
        ear, turn = self._ear, self._person.turn
        if ear.last_voice_s > turn.ended_s and ear.last_voice_s > self._taken_until_s:
            turn.voice(max(ear.began_s, self._taken_until_s), ear.last_voice_s)
            self._patience.noise(now)
        return turn

    def _silent_until_s(self, now: float) -> float:
        """Up to when a silence is one: what does not reach us, or has not been looked at, may be speech."""
        known_s = self._ear.heard_until_s + LATE_S
        return now if now - known_s >= LOST_S else min(now, known_s)

    def mind(self, now: float) -> None:
        """Notice a recognizer that has gone deaf."""
        self._listening.mind(now, voiced_since_s=self._ear.voiced_since_s, last_voice_s=self._ear.last_voice_s)

    def likely_words(self, now: float) -> str:
        """The person's turn as it probably ends, while the agent waits for it to be sure; else ""."""
        turn = self._person.turn
        if not (turn.started_s and self._settings.eager) or self.agent_has_it:
            return ""
        return turn.text if turn.probably_over(self._silent_until_s(now)) else ""

    def words(self, heard: Heard, now: float, delay_s: float) -> bool:
        """Take what the recognizer heard, and took `delay_s` for; return whether it says anything new."""
        return self._person.words(heard, now, delay_s)

    def finish(self, now: float) -> Endpointer:
        """End the person's turn, and begin the next one. The voice so far belongs to the one that is over."""
        self._taken_until_s = self._ear.last_voice_s
        return self._person.finish(now)

    def claim(self, text: str, now: float) -> Claim:
        """A person said this while the agent has the floor; return what they want with it."""
        if not is_back_channel(text):
            self._yield(now)
            return Claim.TAKES
        ends_s = self._would_end_s if self._speaking.barge_in.held else now + self._speaking.playout.remaining_s(now)
        answers = self._speaking.asks and ends_s - now <= ANSWERS_EARLY_S
        self.turns_discarded += not answers
        if self._speaking.barge_in.held:  # the agent had fallen silent for it
            self.false_barge_ins += 1
            self._speaking.barge_in.held = False
            self._speaking.playout.go_on()
        return Claim.ANSWERS if answers else Claim.NODS

    def pressed(self, now: float) -> None:
        """The person pressed keys that ask for an answer: whatever is being said is over."""
        self._patience.answered()
        if self.agent_has_it:
            self._yield(now)

    def noise(self, now: float) -> None:
        """Somebody speaks, or has just done so."""
        self._patience.noise(now)

    def answered(self) -> None:
        """The person said something: they need no prompt."""
        self._patience.answered()

    def nudge(self, now: float, *, screened: bool) -> Nudge:
        """What to do about a silence, if there is one."""
        if self.agent_has_it or self.turn.started_s:
            self._patience.noise(now)
            return Nudge.NOTHING
        return self._patience.decide(now, screened=screened)

    def _voiced_since_s(self) -> float:
        """When the present stretch of speech began, as far as no turn that is over has had it; 0.0 if there is none.

        The ear takes a pause for one only after a while, and in that while a turn may end.
        """
        ear = self._ear
        if not ear.voiced_since_s or ear.last_voice_s <= self._taken_until_s:
            return 0.0
        return max(ear.voiced_since_s, self._taken_until_s)

    def _yield_or_not(self, now: float) -> bool:
        """Fall silent, yield or go on, if it is time to; return whether what was said meanwhile decides about it."""
        playout = self._speaking.playout
        move = self._speaking.barge_in.decide(
            now,
            voiced_since_s=self._voiced_since_s(),
            last_voice_s=self._ear.last_voice_s,
            words=self.turn.text,
        )
        if move is Move.HOLD:
            self._would_end_s = now + playout.remaining_s(now)
            playout.hold(now)
        elif move is Move.GO_ON and self.turn.text:
            self._speaking.barge_in.held = True
            return True
        elif move is Move.GO_ON:
            self.false_barge_ins += 1
            playout.go_on()
            self.finish(now)
        elif move is Move.YIELD:
            self._yield(now)
        return False

    def _yield(self, now: float) -> None:
        self.barge_ins += 1
        self._activity.cancel()
        self._speaking.interrupt(now)
