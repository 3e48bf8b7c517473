"""A conversation without a stream: the carrier speaks and recognizes, and asks us once for each turn.

The last resort, where no seat, no stream, no voice or no recognizer can be had. The same agent, brains, tools and rules
as in a live talk; what is lost is barge-in, speed, and the proof of what was heard: a turn counts as said when the
carrier is told to say it. Runs on any loop; nothing is kept between turns but what the database has.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dialer import log
from dialer.conversation import masking, optout, prompt, script
from dialer.conversation.facts import Briefing, Ending, EndReason, Hand, MachineHeard, OptedOut, Speaker
from dialer.conversation.machine import TURNS
from dialer.conversation.recall import Recall
from dialer.conversation.thinking import Thinking
from dialer.conversation.tools import Tools, Used, specs
from dialer.conversation.transcript import Transcript
from dialer.conversation.vendors import Crew
from dialer.errors import DialerError
from dialer.llm.base import Resumed, ToolCall

logger = log.get(__name__)

ANSWER_S: Final = 9.0
"""An answer that takes longer is none: the carrier waits 15 s for its webhook, and the person hears nothing so long."""
ROUNDS: Final = 4
"""Times that the model may use tools within one answer."""
OPT_OUT_DIGIT: Final = "9"


class Then(Enum):
    """What follows the words."""

    LISTEN = "listen"
    HANG_UP = "hang up"
    LEAVE = "leave"
    """The row says where the call goes: it is being transferred."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the carrier is to say, and then."""

    text: str
    then: Then = Then.LISTEN
    whole: bool = False
    """It must be heard to its end: the person's voice does not stop it."""


class ByTurns:
    """One turn of a call. A new one is made for each."""

    def __init__(self, briefing: Briefing, hand: Hand, crew: Crew, *, age_s: float) -> None:
        """Begin a turn.

        Args:
            briefing: the call, with all turns so far.
            hand: the way to the database.
            crew: the brains.
            age_s: since when the person is on the line.
        """
        self._briefing = briefing
        self._hand = hand
        self._age_s = age_s
        agent = self._agent = briefing.agent
        self._lost = False
        self._transcript = Transcript.begin(briefing, hand, prompt.system(agent, briefing), self._lose)
        recall = Recall(agent, hand, self._transcript)
        self._thinking = Thinking(crew, agent, recall, script.of(agent, briefing))
        self._recall = recall
        key = briefing.epoch * 1000 + self._transcript.number  # tools are numbered anew in each turn
        self._tools = Tools(agent, hand, key, lambda passages: None)

    @property
    def number(self) -> int:
        """How many turns there are by now."""
        return self._transcript.number

    async def begin(self) -> Said:
        """Say the first words: the opener, or if that was said by another seat, sorry. Asked again, the same."""
        first = {self._agent.say(text, dict(self._briefing.lead)) for text in (self._agent.opener, self._agent.apology)}
        last = self._briefing.past[-1] if self._briefing.past else None
        if last is not None and last.speaker is Speaker.AGENT and last.text in first:
            return Said(last.text, whole=True)
        if self._briefing.opener_done:
            return await self._say("apology", self._agent.apology)
        return await self._say("opener", self._agent.opener, whole=True)

    async def again(self, words: str, digits: str) -> Said:
        """The carrier asks again about a turn: say the same; a wish in it may stand there and not be committed."""
        if (wish := self.wish(words, digits)) is not None:
            return await self._opt_out(*wish)
        last = next((turn.text for turn in reversed(self._briefing.past) if turn.speaker is Speaker.AGENT), "")
        return Said(last)

    def wish(self, words: str, digits: str) -> tuple[str, str] | None:
        """How the person asks for no more calls, and with what; None: they do not."""
        if OPT_OUT_DIGIT in digits:
            return "digit", digits
        text = self._masked(words)
        return ("words", text) if optout.wants_out(text) else None

    async def hear(self, words: str, digits: str) -> Said:
        """Answer what the person said or pressed; both empty: nothing came."""
        if (wish := self.wish(words, digits)) is not None:
            how, asked = wish
            self._person(asked, kind="digits" if how == "digit" else "talk")
            return await self._opt_out(how, asked)
        text = self._masked(words.strip() or digits)
        if not text:
            return await self._silence()
        self._person(text, kind="talk" if words.strip() else "digits")
        if self._age_s >= self._agent.turntaking.max_call_s:
            return await self._end(EndReason.TOO_LONG, self._agent.goodbye)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._answer(text)
        except (DialerError, TimeoutError) as error:
            logger.error("no answer", call_id=self._briefing.call_id, error=repr(error))
            return await self._end(EndReason.FAILED, self._agent.trouble)

    async def machine(self, answered_by: str) -> Said | None:
        """The carrier says who answered: leave the message on an answerphone, once its greeting is over.

        After some turns it is a person, whatever the carrier says.
        """
        if sum(turn.speaker is Speaker.PERSON for turn in self._briefing.past) >= TURNS:
            return None
        if answered_by == "fax":
            await self._hand.tell(self._heard("fax", answered_by))
            return await self._end(EndReason.FAX, "")
        if not answered_by.startswith("machine_end"):
            return None
        await self._hand.tell(self._heard("voicemail", answered_by))
        return await self._end(EndReason.VOICEMAIL, self._agent.voicemail, kind="voicemail")

    def _heard(self, verdict: str, answered_by: str) -> MachineHeard:
        return MachineHeard(verdict, f"carrier: {answered_by}", round(self._age_s, 1))

    async def _answer(self, text: str) -> Said:
        said: list[str] = []
        self._recall.expect(text)
        for _ in range(ROUNDS):
            words, calls = await self._one_round()
            said += [words] if words else []
            for call in calls:
                used = await self._tools.use(call)
                if used.ends is not None:
                    return await self._ends(used, " ".join(said))
                self._transcript.tool(call, used.result)
            if not calls:
                break
        if not said:
            return await self._say("prompt", self._agent.still_there)
        return await self._say("talk", " ".join(said), filled=True)

    async def _one_round(self) -> tuple[str, list[ToolCall]]:
        written, calls = "", list[ToolCall]()
        thought = self._thinking.answer(self._transcript.prompt(), specs(self._agent))
        self._transcript.spent.answers.append(thought)
        async for delta in thought:
            match delta:
                case str():
                    written += delta
                case ToolCall():
                    calls.append(delta)
                case Resumed(kept):
                    written = f"{kept} "
        return written.strip(), calls

    async def _ends(self, used: Used, words: str) -> Said:
        if used.ends is EndReason.LOST:
            return Said("", Then.LEAVE)
        if used.ends is EndReason.OPT_OUT:
            return await self._opt_out("tool", words)
        if used.ends is EndReason.TRANSFER:
            said = await self._say("talk", words, filled=True)
            await self._hand.tell(Ending(EndReason.TRANSFER, used.transfer_to))
            return Said(said.text, Then.LEAVE)
        return await self._end(EndReason.AGENT, words or self._agent.goodbye)

    async def _opt_out(self, how: str, words: str) -> Said:
        """The confirmation is spoken only after the wish is committed."""
        reply = await self._hand.tell(OptedOut(how, words))
        if not reply.ok:
            return await self._end(EndReason.FAILED, self._agent.trouble)
        return await self._end(EndReason.OPT_OUT, self._agent.opt_out_confirmation)

    async def _silence(self) -> Said:
        agents = [turn.text for turn in self._briefing.past if turn.speaker is Speaker.AGENT]
        still_there = self._agent.say(self._agent.still_there, dict(self._briefing.lead))
        prompts = self._agent.turntaking.silence_prompts
        if len(agents) >= prompts and all(text == still_there for text in agents[len(agents) - prompts :]):
            return await self._end(EndReason.SILENCE, self._agent.goodbye)
        return await self._say("prompt", self._agent.still_there)

    async def _end(self, reason: EndReason, text: str, *, kind: str = "goodbye") -> Said:
        said = await self._say(kind, text)
        await self._hand.tell(Ending(reason))
        return Said(said.text, Then.HANG_UP)

    def _masked(self, words: str) -> str:
        return masking.mask(words.strip(), self._transcript.asked)

    def _person(self, text: str, *, kind: str) -> None:
        self._transcript.person(text, started_s=self._age_s, ended_s=self._age_s, kind=kind)

    async def _say(self, kind: str, text: str, *, whole: bool = False, filled: bool = False) -> Said:
        words = text if filled else self._agent.say(text, dict(self._briefing.lead))
        if words:
            self._transcript.agent(
                words, started_s=self._age_s, ended_s=self._age_s, kind=kind, interrupted=False, timings_ms={}
            )
        return Said(words, whole=whole) if not self._lost else Said("", Then.LEAVE)

    def _lose(self) -> None:
        self._lost = True
