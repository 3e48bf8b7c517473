"""What the person says and keys, and what comes of it: answers, another language, a wish that is fulfilled at once."""

from __future__ import annotations

from dialer.conversation import masking, optout, prompt
from dialer.conversation.activity import Activity
from dialer.conversation.closing import Closing
from dialer.conversation.endpointing import Endpointer
from dialer.conversation.facts import Briefing, EndReason
from dialer.conversation.floor import Claim, Floor
from dialer.conversation.keypad import OPT_OUT_DIGIT, Keypad, Meaning, meaning
from dialer.conversation.machines import Machines
from dialer.conversation.noticing import Noticing
from dialer.conversation.recall import Recall
from dialer.conversation.replying import Replying
from dialer.conversation.speaking import Speaking
from dialer.conversation.stage import Mode, Stage
from dialer.conversation.tongue import Tongue
from dialer.conversation.transcript import Transcript


class Heeding:
    """One call's person is heeded. Times come in as arguments, on the loop's clock, in seconds."""

    def __init__(
        self,
        briefing: Briefing,
        stage: Stage,
        *,
        keypad: Keypad,
        tongue: Tongue,
        floor: Floor,
        speaking: Speaking,
        transcript: Transcript,
        noticing: Noticing,
        recall: Recall,
        replying: Replying,
        machines: Machines,
        activity: Activity,
        closing: Closing,
    ) -> None:
        self._briefing = briefing
        self._stage = stage
        self._keypad = keypad
        self._tongue = tongue
        self._floor = floor
        self._speaking = speaking
        self._transcript = transcript
        self._noticing = noticing
        self._recall = recall
        self._replying = replying
        self._machines = machines
        self._activity = activity
        self._closing = closing
        self._foreseen = ""

    # Words

    def words(self, now: float) -> None:
        """Final words came; the turn may go on."""
        words = self._floor.turn.text
        self._recall.expect(self._masked(words))
        if optout.wants_out(words):
            return  # waits for the end of the turn: "don't call me ... before five" is another wish
        self._machines.words(words, now)

    def foresee(self, now: float) -> None:
        """Have an answer prepared to a turn that is probably over."""
        likely = self._floor.likely_words(now)
        if likely == self._foreseen:
            return
        self._foreseen = likely
        words = self._masked(likely)
        self._replying.foresee("" if optout.wants_out(words) else words)

    def finished(self, now: float) -> None:
        """The person has finished a turn."""
        turn = self._floor.finish(now)
        self._foreseen = ""
        text = self._masked(turn.text)
        if not text:
            return
        self._follow_language(turn, text)
        if optout.wants_out(text):  # from an answerphone, too: it may be a person, and its owner's wish is one
            self._store(turn, text)
            if self._closing.planned is not EndReason.OPT_OUT:
                self._activity.start(self._closing.opt_out("words", text))
            return
        claim = Claim.TAKES
        if self._stage.mode is Mode.TALKING and self._floor.agent_has_it:
            claim = self._floor.claim(text, now)
        if claim is Claim.NODS:
            return
        mode = self._stage.mode  # a person who was taken for a machine is greeted for these words
        self._store(turn, text)
        if claim is Claim.ANSWERS:
            self._replying.owed = True
        elif mode is Mode.OPENING:
            self._replying.owe(text, after_s=turn.ended_s - self._stage.began_s)
        elif mode is Mode.SCREENED:
            self._machines.screened(text)
        elif mode is Mode.TALKING:
            self._floor.answered()
            self._replying.answer(turn)

    # Keys

    def pressed(self, digit: str, now: float) -> None:
        """A key was pressed."""
        self._floor.noise(now)
        self._keypad.press(digit, now)
        if digit == OPT_OUT_DIGIT == self._keypad.digits and self._stage.mode is Mode.OPENING:
            self.dialled(self._keypad.flush(), now)

    def dialled(self, digits: str, now: float) -> None:
        """The person pressed these keys, and no more."""
        if self._closing.planned is EndReason.OPT_OUT:
            return
        self._store_digits(digits)
        if meaning(digits) is Meaning.OPT_OUT:
            self._activity.start(self._closing.opt_out("digit", digits))
        elif self._stage.mode is Mode.OPENING:
            self._replying.owed = True
        elif self._stage.mode is Mode.TALKING:
            self._floor.pressed(now)
            self._replying.answer(None)

    # The end

    async def last(self, turn: Endpointer) -> None:
        """The stream is over: take the turn that it has cut, and the keys."""
        if text := self._masked(turn.text):
            self._store(turn, text)
            if optout.wants_out(text):
                await self._closing.opt_out_late("words", text)
        if digits := self._keypad.flush():
            self._store_digits(digits)
            if meaning(digits) is Meaning.OPT_OUT:
                await self._closing.opt_out_late("digit", digits)

    def _masked(self, words: str) -> str:
        return masking.mask(words, self._transcript.asked) if words else ""

    def _follow_language(self, turn: Endpointer, text: str) -> None:
        """Speak as the person does, if it is one of the agent's languages."""
        if self._stage.mode is not Mode.AWAITING_BEEP and self._tongue.follow(text, turn.language):
            self._speaking.use(self._tongue.agent)
            self._transcript.system = prompt.system(self._tongue.agent, self._briefing)

    def _store(self, turn: Endpointer, text: str) -> None:
        self._transcript.person(text, started_s=turn.started_s, ended_s=turn.ended_s)
        self._noticing.turn(text, started_s=turn.started_s, ended_s=turn.ended_s)
        self._machines.stored(text)

    def _store_digits(self, digits: str) -> None:
        keypad = self._keypad
        self._transcript.person(digits, started_s=keypad.started_s, ended_s=keypad.pressed_s, kind="digits")
