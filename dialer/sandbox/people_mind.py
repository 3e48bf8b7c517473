"""A person on the line: hears what really arrives, and answers by the table of their kind."""

from __future__ import annotations

import asyncio

from dialer.sandbox.carrier_calls import Call, HangUp
from dialer.sandbox.faults import chance
from dialer.sandbox.heard import SpeechStarted, Tally, UnknownSpeech, WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.keys import KeyEar
from dialer.sandbox.media_line import Line
from dialer.sandbox.media_ticker import FRAME_S
from dialer.sandbox.people import Meeting
from dialer.sandbox.people_kinds import BY_NAME, START, Rule
from dialer.sandbox.people_manners import MANNERS
from dialer.sandbox.voices import beep
from dialer.sandbox.world import World

_TURN_ENDS_MS = 600
"""Silence after which a person takes a sentence to be over."""
_PAUSE_S, _PAUSE_MORE_S = 0.2, 0.5
_GREETS_AFTER_S = 0.5
_HANGS_UP_AFTER_S = 0.6
_HUMS_AFTER_S = 1.8
_BARGES_AFTER_S = 1.4
_CONNECTS_AFTER_S = 1.5


class Person:
    """Lives in 20 ms steps. What they say is made off the loop and reaches the line a moment later."""

    def __init__(self, world: World, call: Call, line: Line, meeting: Meeting) -> None:
        self.kind = meeting.kind
        self.beeped = asyncio.Event()
        self._world, self._call, self._line, self._meeting = world, call, line, meeting
        self._ear = Ear(world.registry)
        self._keys = KeyEar()
        self._manners = MANNERS[self.kind.language]
        self._voice = self._one_of(self._manners.voices, "voice")
        self._state = START
        self._age_s = 0.0
        self._turn = 0
        self._words: list[str] = []
        self._heard_speech = False
        self._speech_began_s = 0.0
        self._interjected = False
        self._insisting = False
        """Speaks over the other side, and does not take in what it still says meanwhile."""
        self._reply_at_s: float | None = None
        self._quiet_since_s = 0.0
        self._asked_there = 0
        self._making = 0
        self._leaves_at_s: float | None = None
        self._calls_back = call.direction == "inbound" and self.kind.human
        """Has called, so the other side speaks first."""
        self._greeted = self._calls_back or not self.kind.greeting
        self._leaving = False
        self._menu = self.kind.greeting
        """What a menu says last and says again."""
        self._connects: tuple[str, float] | None = None
        """Who comes to the phone, and when."""

    def tick(self, heard: bytes) -> None:
        """Live through 20 ms in which `heard` came out of the receiver."""
        self._age_s += FRAME_S
        self._listen(heard)
        if self._leaves_at_s is not None:
            self._leave_when_done()
        elif self._connects is not None:
            self._connect(*self._connects)
        elif not self._greeted and self._age_s >= _GREETS_AFTER_S:
            self._greet()
        elif self._age_s >= self.kind.leaves_after_s:
            self._go(self._manners.must_go if self.kind.human and self.kind.name != "hangs_up" else "")
        elif self._heard_speech:
            self._follow()
        else:
            self._wait()

    async def visit_briefly(self) -> None:
        """Be on the line without audio: press what the kind presses, then hang up."""
        await asyncio.sleep(self._world.options.talk_s / 2)
        for rule in self.kind.turns.get(START, ()):
            if rule.presses:
                self._line.press(rule.presses)
        self.beeped.set()
        await asyncio.sleep(self._world.options.talk_s / 2)
        self._hang_up()

    @property
    def heard(self) -> Tally:
        """What of the other side's words arrived."""
        return self._ear.tally

    def _listen(self, frame: bytes) -> None:
        if self.kind.menu and (key := self._keys.feed(frame)):
            self._press_heard(key)
        self._insisting = self._insisting and self._speaking
        for event in self._ear.feed(frame):
            if self._insisting:
                continue
            if isinstance(event, SpeechStarted):
                self._begin_hearing()
            elif isinstance(event, WordHeard):
                self._begin_hearing()
                self._words.append(event.text)
            elif isinstance(event, UnknownSpeech):
                self._begin_hearing()
                self._words.append("something")
        if self._speaking or self._ear.silent_ms < 100:
            self._quiet_since_s = self._age_s

    def _press_heard(self, key: str) -> None:
        """A menu that hears a key stops talking and obeys."""
        self._line.hush()
        self._words.clear()
        self._heard_speech, self._asked_there = False, 0
        if (rule := self.kind.rule(self._state, f"[{key}]")) is not None:
            self._menu = rule.says or self._menu
            self._obey(rule)

    def _connect(self, kind: str, at_s: float) -> None:
        """Be somebody else from now on, who greets."""
        if self._speaking:
            self._connects = (kind, self._age_s + _CONNECTS_AFTER_S)
        elif self._age_s >= at_s:
            self.kind, self._state, self._connects = BY_NAME[kind], START, None
            self._voice = self._one_of(self._manners.voices, "voice", kind)
            self._words.clear()
            self._heard_speech, self._greeted = False, False

    def _begin_hearing(self) -> None:
        if not self._heard_speech:
            self._heard_speech, self._interjected = True, False
            self._speech_began_s = self._age_s
        self._asked_there = 0

    @property
    def _speaking(self) -> bool:
        return self._line.speaking or self._making > 0

    def _greet(self) -> None:
        self._greeted = True
        self._say(self.kind.greeting, then_beep=self.kind.beeps)

    def _follow(self) -> None:
        """The other side is speaking, or has just stopped."""
        spoke_s = self._age_s - self._speech_began_s
        if self._ear.silent_ms < _TURN_ENDS_MS:
            self._reply_at_s = None
            if not self._speaking and not self._interjected:
                self._interject(spoke_s)
        elif self._speaking:
            return
        elif self._reply_at_s is None:
            self._reply_at_s = self._age_s + _PAUSE_S + _PAUSE_MORE_S * self._roll("pause", self._turn)
        elif self._age_s >= self._reply_at_s:
            self._answer()

    def _interject(self, spoke_s: float) -> None:
        if self.kind.hums and self._turn >= 1 and spoke_s >= _HUMS_AFTER_S:
            self._interjected = True
            self._say(self._manners.hum)
        elif self.kind.barges_in and self._turn == 1 and spoke_s >= _BARGES_AFTER_S:
            self._turn += 1
            self._words.clear()
            self._heard_speech, self._insisting = False, True
            self._say(self.kind.barges_in)

    def _answer(self) -> None:
        heard = " ".join(self._words)
        self._words.clear()
        self._heard_speech, self._reply_at_s = False, None
        self._turn += 1
        if self._calls_back:
            self._calls_back = False
            self._say(self._manners.calls_back)
            return
        if (rule := self.kind.rule(self._state, heard)) is not None:
            self._obey(rule)

    def _obey(self, rule: Rule) -> None:
        if rule.goes:
            self._state = rule.goes
        if rule.presses:
            self._line.press(rule.presses)
        if rule.hangs_up:
            self._go(rule.says)
        elif rule.says:
            self._say(rule.says)
        if rule.connects:
            self._connects = (rule.connects, self._age_s + _CONNECTS_AFTER_S)

    def _wait(self) -> None:
        """Nobody says anything."""
        if self._age_s - self._quiet_since_s < self.kind.patience_s or self._speaking:
            return
        self._quiet_since_s = self._age_s
        if self.kind.menu and self._asked_there < 2:
            self._asked_there += 1
            self._say(self._menu)
        elif self.kind.screens and (rule := self.kind.rule(self._state, "")) is not None:
            self._obey(rule)
        elif not self.kind.human or self._asked_there >= 2:
            self._go("")
        else:
            self._asked_there += 1
            self._say(self._manners.still_there)

    def _go(self, words: str) -> None:
        if words:
            self._say(words)
        self._leaves_at_s = self._age_s + _HANGS_UP_AFTER_S

    def _leave_when_done(self) -> None:
        assert self._leaves_at_s is not None
        if self._speaking:
            self._leaves_at_s = self._age_s + _HANGS_UP_AFTER_S
        elif self._age_s >= self._leaves_at_s:
            self._hang_up()

    def _hang_up(self) -> None:
        if not self._leaving and not self._call.over:
            self._leaving = True
            self._call.commands.put_nowait(HangUp(by="person"))

    def _say(self, text: str, *, then_beep: bool = False) -> None:
        self._making += 1
        self._world.start(self._speak(self._one_of(tuple(text.split("|")), "says", text), then_beep=then_beep))

    async def _speak(self, text: str, *, then_beep: bool) -> None:
        try:
            utterance = await self._world.speak(text, voice=self._voice)
            self._line.say(utterance.mulaw + (beep() if then_beep else b""))
        finally:
            self._making -= 1
        if then_beep:
            await asyncio.sleep(len(utterance.mulaw) / 8000 + 0.4)
            self.beeped.set()

    def _one_of(self, choices: tuple[str, ...], *key: object) -> str:
        return choices[int(self._roll(*key) * len(choices))]

    def _roll(self, *key: object) -> float:
        return chance(self._world.options.seed, "mind", self._meeting.number, self._meeting.index, *key)
