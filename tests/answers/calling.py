"""One call to one labelled answer, through the product's own session in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import numpy as np

from dialer import resources
from dialer.agents import definition
from dialer.audio import mulaw
from dialer.audio.vad import BatchedEar, SileroBatch
from dialer.conversation.facts import Briefing, EndReason, Fact, HandedIn, MachineHeard, Reply, Speaker, TurnFinished
from dialer.conversation.lines import FixedLines
from dialer.conversation.session import Session
from dialer.conversation.ticker import TICK_S, Ticker
from dialer.conversation.vendors import Crew, LiveVendors
from tests.answers.labelled import Answer
from tests.answers.recognizing import Transcriber
from tests.answers.sounds import VOICES
from tests.realtime.scripted import FakeBrain, FakeTrack, Phone, run

AGENT: Final = definition.read(resources.config_dir() / "agents" / "solar.toml")
VOICE: Final = "en-gb+f5"
LEAD: Final = {"first_name": "Pat", "last_name": "Doe", "company": "Acme"}


@dataclass(frozen=True, slots=True)
class Message:
    """One playing of the voicemail message. Seconds since the answer."""

    started_s: float
    ended_s: float
    whole: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the product made of an answer."""

    answer: Answer
    decided: str
    """One of `scripts.LABELS`."""
    after_s: float
    """When it was known that no person answered; 0.0 if it never was."""
    reason: EndReason
    evidence: tuple[str, ...]
    messages: tuple[Message, ...]

    @property
    def right(self) -> bool:
        """Whether it was taken for what it is."""
        return self.decided == self.answer.label

    @property
    def recorded(self) -> int:
        """How many whole messages the answerphone recorded: those that began after its beep, or its greeting."""
        from_s = max(self.answer.beeps_s, default=self.answer.greeting_over_s)
        return sum(message.whole and message.started_s >= from_s - 0.1 for message in self.messages)


class SpokenVoice:
    """The agent's voice: real speech, so that its echo is one."""

    name = "espeak-ng"

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        """Speak a text."""
        await asyncio.sleep(0.1)
        yield VOICES.speak(text, voice=VOICE).mulaw

    async def close(self) -> None:
        """Nothing to close."""


class Echoing(Phone):
    """The carrier's side of the wire, with the echo that comes back over it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, gain_db: float, delay_ms: int) -> None:
        super().__init__(loop)
        self._gain = 10 ** (gain_db / 20)
        self._delay_s = delay_ms / 1000
        self._played: dict[int, bytes] = {}

    def audio(self, frame: bytes) -> None:
        """Play what a message brings after what came before it."""
        at = round((max(self._plays_until, self._loop.time()) + self._delay_s) / TICK_S)
        for nth, start in enumerate(range(0, len(frame), mulaw.FRAME_BYTES)):
            self._played[at + nth] = frame[start : start + mulaw.FRAME_BYTES]
        super().audio(frame)

    def clear(self) -> None:
        """Forget what was not played yet."""
        now = round((self._loop.time() + self._delay_s) / TICK_S)
        self._played = {at: frame for at, frame in self._played.items() if at < now}
        super().clear()

    def mixed(self, frame: bytes, now: float) -> bytes:
        """What arrives at `now`: the answer's frame and the echo of what we said."""
        ours = self._played.pop(round(now / TICK_S), b"")
        if not ours or self._gain < 0.002:
            return frame
        wave = mulaw.FLOAT[np.frombuffer(frame, np.uint8)] + self._gain * mulaw.FLOAT[np.frombuffer(ours, np.uint8)]
        return mulaw.encode((np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes())


class Facts:
    """The seat's thread, instantly answering."""

    def __init__(self) -> None:
        self.told: list[tuple[float, Fact]] = []

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        """Take a fact."""
        loop = asyncio.get_running_loop()
        self.told.append((loop.time(), fact))
        replied: asyncio.Future[Reply] = loop.create_future()
        replied.set_result(Reply())
        return replied

    async def tell(self, fact: Fact) -> Reply:
        """Take a fact."""
        return await self.post(fact)


@lru_cache(maxsize=1)
def batch() -> SileroBatch:
    """The process's voice detection."""
    return SileroBatch(places=1)


def call(answer: Answer, carrier: tuple[tuple[float, str], ...] = ()) -> Outcome:
    """Call it.

    Args:
        answer: whoever answers.
        carrier: what the carrier's own detection says, and when, in seconds since the answer.
    """
    hand: Facts = run(_hold(answer, carrier))
    began_s = hand.told[0][0]
    heard = [(at - began_s, fact) for at, fact in hand.told if isinstance(fact, MachineHeard)]
    last = hand.told[-1][1]
    assert isinstance(last, HandedIn)
    turns = [fact for _, fact in hand.told if isinstance(fact, TurnFinished)]
    spoke = any(turn.speaker is Speaker.PERSON for turn in turns)
    decided = heard[-1][1].verdict if heard else "silence" if last.reason is EndReason.SILENCE and not spoke else ""
    return Outcome(
        answer=answer,
        decided=decided or "human",
        after_s=round(heard[-1][0], 2) if heard else 0.0,
        reason=last.reason,
        evidence=tuple(f"{at:.1f} s: {fact.verdict}: {fact.evidence}" for at, fact in heard),
        messages=tuple(
            Message(turn.started_s, turn.ended_s, whole=not turn.interrupted and bool(turn.text))
            for turn in turns
            if turn.kind == "voicemail"
        ),
    )


async def _hold(answer: Answer, carrier: tuple[tuple[float, str], ...]) -> Facts:
    loop = asyncio.get_running_loop()
    hand, ticker = Facts(), Ticker(batch().tick)
    phone = Echoing(loop, answer.line.echo_db, answer.line.echo_ms)
    crew = Crew(LiveVendors((Transcriber(answer),), (SpokenVoice(),), (FakeBrain(),)))
    session = Session(
        _briefing(answer),
        hand,
        crew=crew,
        lines=FixedLines(crew),
        ear=BatchedEar(batch()),
        track=FakeTrack(),
        ticker=ticker,
        on_over=lambda: None,
    )
    phone.on_mark = session.marked
    ticking, running = loop.create_task(ticker.run()), loop.create_task(session.run())
    session.started("MZ1", phone)
    for at_s, verdict in carrier:
        loop.call_later(at_s, session.machine, verdict)
    at = 0
    for count in answer.arrivals:
        if running.done():
            break
        for _ in range(count):
            frame = answer.mulaw[at : at + mulaw.FRAME_BYTES]
            session.audio(phone.mixed(frame, loop.time()))
            at += mulaw.FRAME_BYTES
        await asyncio.sleep(TICK_S)
    session.stopped()
    await running
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    return hand


def _briefing(answer: Answer) -> Briefing:
    return Briefing(
        call_id=answer.name,
        epoch=1,
        agent=AGENT,
        lead=LEAD,
        organization="o",
        from_number="+12125550100",
        to_number="+12125550101",
        direction="outbound",
        local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )
