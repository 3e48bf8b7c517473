"""Holds the conversation of a test: the product's own session, with a person of ours on a phone of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import TracebackType
from typing import Final, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

from dialer.agents.definition import AgentDefinition
from dialer.conversation import optout
from dialer.conversation.facts import (
    Briefing,
    Ending,
    EndReason,
    HandedIn,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Speaker,
    TurnFinished,
)
from dialer.conversation.keypad import OPT_OUT_DIGIT
from dialer.conversation.lines import FixedLines
from dialer.conversation.session import Session
from dialer.conversation.ticker import Ticker
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import DialerError
from dialer.evals import people
from dialer.evals.cases import Case, Line
from dialer.evals.people import Somebody
from dialer.evals.phone import PAUSE_S, NoTrack, Phone, TextVoice
from dialer.evals.playing import PlayingHand, Search, Used
from dialer.llm.base import Brain
from dialer.understanding.analyst import Analyst

MOST_TURNS: Final = 60
"""Of the agent; a person who never stops hangs up then."""
MORNING: Final = time(10)


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation that was held."""

    turns: tuple[TurnFinished, ...] = ()
    used: tuple[Used, ...] = ()
    ending: EndReason = EndReason.LOST
    machine: str = ""
    """voicemail, screening, ivr, fax, human, or ""."""
    opened: bool = False
    """The opener was heard to its end."""
    opted_out: bool = False
    asked_out_after: int | None = None
    """Turns that were over when the person asked for no more calls; None: they did not."""
    took_s: float = 0.0
    error: str = ""
    """Why it was cut off by the test."""

    def of(self, speaker: Speaker) -> list[TurnFinished]:
        """One side's turns."""
        return [turn for turn in self.turns if turn.speaker is speaker]


class Room:
    """Where conversations are held, several at a time. An async context: what they share runs in it."""

    def __init__(self, brains: Sequence[Brain], *, search: Search | None = None) -> None:
        self._brains = tuple(brains)
        self._search = search
        self._ticker = Ticker()
        self._analyst = Analyst()

    async def __aenter__(self) -> Self:
        """Begin."""
        self._analyst.start()
        self._ticking = asyncio.ensure_future(self._ticker.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._ticking.cancel()
        with suppress(asyncio.CancelledError):
            await self._ticking
        await asyncio.to_thread(self._analyst.stop)
        for brain in self._brains:
            await brain.close()

    async def hold(self, case: Case, agent: AgentDefinition, somebody: Somebody | None = None) -> Held:
        """Hold one conversation. Whatever goes wrong in it is told in what comes back.

        Args:
            case: the person, and what tools answer.
            agent: who calls.
            somebody: who answers, instead of the case's person.
        """
        loop = asyncio.get_running_loop()
        zone = ZoneInfo(case.zone or agent.meetings.zone)
        now = case.local_time.replace(tzinfo=zone) if case.local_time else _morning(datetime.now(zone))
        hand = PlayingHand(case, agent, now=now, zone=zone, search=self._search)
        phone = Phone()
        crew = Crew(LiveVendors((phone.words,), (TextVoice(),), self._brains))
        session = Session(
            _briefing(case, agent, now),
            hand,
            crew=crew,
            lines=FixedLines(crew),
            ear=phone.ear,
            track=NoTrack(),
            ticker=self._ticker,
            on_over=lambda: self._ticker.remove(phone),
            analyst=self._analyst,
        )
        began_s = loop.time()
        talking = _Talking(hand, phone, asyncio.ensure_future(session.run()))
        self._ticker.add(phone)
        phone.pick_up(session)
        error = ""
        try:
            async with asyncio.timeout(case.limit_s):
                await talking.converse(somebody or people.of(case.person, lambda: Crew(crew_of(self._brains))), case)
        except TimeoutError:
            error = f"it was not over after {case.limit_s:g} s"
        except DialerError as broken:
            error = f"the person could not be played: {broken}"
        if error:
            session.abandon()
        await talking.over
        return talking.held(took_s=loop.time() - began_s, error=error)


class _Talking:
    """The person's side of one conversation, as it goes on."""

    def __init__(self, hand: PlayingHand, phone: Phone, over: asyncio.Future[None]) -> None:
        self.over = over
        self._hand = hand
        self._phone = phone
        self._heard = 0
        self._asked_out_after: int | None = None

    async def converse(self, somebody: Somebody, case: Case) -> None:
        """Answer the agent until the call is over."""
        if case.person.picks_up:
            await self._phone.say(case.person.picks_up)
        while (said := await self._listen()) is not None:
            await self._do(await somebody.next(said) if self._heard < MOST_TURNS else people.HANGS_UP)
        await asyncio.shield(self.over)

    def held(self, *, took_s: float, error: str) -> Held:
        """What came of it."""
        hand = self._hand
        machines = hand.of(MachineHeard)
        return Held(
            turns=tuple(hand.of(TurnFinished)),
            used=tuple(hand.used),
            ending=hand.of(HandedIn)[-1].reason,
            machine=machines[-1].verdict if machines else "",
            opened=bool(hand.of(OpenerCompleted)),
            opted_out=bool(hand.of(OptedOut)) or any(used.name == "do_not_call" for used in hand.used),
            asked_out_after=self._asked_out_after,
            took_s=round(took_s, 2),
            error=error,
        )

    async def _listen(self) -> str | None:
        """Wait for the agent's next turn, and return its words; None once the call is over or about to be."""
        while not self.over.done():
            self._hand.changed.clear()
            if len(self._agents()) > self._heard:
                await asyncio.sleep(PAUSE_S)
                if any(isinstance(fact, Ending | OptedOut) for fact in self._hand.facts):
                    return None
                new = self._agents()[self._heard :]
                self._heard += len(new)
                return " ".join(turn.text for turn in new)
            changed = asyncio.ensure_future(self._hand.changed.wait())
            await asyncio.wait((self.over, changed), return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        return None

    async def _do(self, line: Line) -> None:
        over = len(self._hand.of(TurnFinished))
        if line.opts_out or optout.wants_out(line.says) or line.presses == OPT_OUT_DIGIT:
            self._asked_out_after = over if self._asked_out_after is None else self._asked_out_after
        if line.says:
            await self._phone.say(line.says)
        if line.presses:
            self._phone.press(line.presses)
        if line.hangs_up:
            self._phone.hang_up()

    def _agents(self) -> list[TurnFinished]:
        return [turn for turn in self._hand.of(TurnFinished) if turn.speaker is Speaker.AGENT]


def crew_of(brains: Sequence[Brain]) -> LiveVendors:
    """Vendors who only think."""
    return LiveVendors((), (), tuple(brains))


def _briefing(case: Case, agent: AgentDefinition, now: datetime) -> Briefing:
    return Briefing(
        call_id=f"test-{uuid4().hex[:12]}",
        epoch=1,
        agent=agent.model_copy(update={"opener": agent.inbound_opener}) if case.direction == "inbound" else agent,
        lead=dict(case.lead),
        organization="",
        from_number="",
        to_number="",
        direction=case.direction,
        local_time=now,
    )


def _morning(now: datetime) -> datetime:
    """The next working day at ten: nobody is called at night, and agents behave otherwise then."""
    day = now.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, now.tzinfo)
