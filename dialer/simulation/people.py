"""Simulated people: what each does with a call follows from the seed, the number and how often it was called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dialer.conversation.facts import (
    Ending,
    EndReason,
    Fact,
    HandedIn,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Speaker,
    StreamStarted,
    ToolWanted,
    TurnFinished,
)
from dialer.errors import VendorBusy
from dialer.simulation.clock import dice
from dialer.simulation.faults import Fault, Faults
from dialer.telephony.base import CarrierStatus

PICKS_UP = "picks up"
_PHONE = ((CarrierStatus.BUSY, 12), (CarrierStatus.NO_ANSWER, 22), (CarrierStatus.FAILED, 3), (PICKS_UP, 63))
_MOOD = (
    ("interested", 20),
    ("not_interested", 28),
    ("callback", 10),
    ("do_not_call", 6),
    ("hung_up", 14),
    ("transferred", 6),
    ("voicemail", 12),
    ("wrong_number", 4),
)
_SAYS: Mapping[str, str] = MappingProxyType(
    {
        "interested": "Yes, I would like to know more.",
        "not_interested": "No, that is nothing for us.",
        "callback": "Call me again in two days.",
        "wrong_number": "You have the wrong number.",
        "do_not_call": "Never call me again.",
        "transferred": "Let me talk to somebody now.",
        "hung_up": "Not now.",
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody takes one call."""

    phone: str
    does: str
    """`PICKS_UP`, or how the carrier reports that they did not."""
    rings_s: float
    mood: str
    talks_s: float


def person(seed: int, phone: str, nth: int) -> Person:
    """Who is at this number when it is called for the nth time."""
    chance = dice(seed, phone, nth)
    does = chance.choices([kind for kind, _ in _PHONE], [weight for _, weight in _PHONE])[0]
    mood = chance.choices([kind for kind, _ in _MOOD], [weight for _, weight in _MOOD])[0]
    rings_s = 25.0 if does == CarrierStatus.NO_ANSWER else round(chance.uniform(1, 20), 3)
    return Person(phone, str(does), rings_s, mood, round(chance.uniform(4, 90), 3))


def conversation(who: Person, callback_at: str) -> list[tuple[float, Fact]]:
    """What the seat tells of a conversation: (seconds since the stream began, fact), in order.

    The last one is `HandedIn`. An `Ending` before it: our side closes the stream; none: the person has hung up.
    """
    end = who.talks_s
    facts: list[tuple[float, Fact]] = [
        (0.0, StreamStarted(f"MZ{who.phone}")),
        (0.5 * end, OpenerCompleted(0.5 * end)),
    ]
    if who.mood == "voicemail":
        facts.append((0.6 * end, MachineHeard("voicemail", "a beep")))
        return [*facts, (end, Ending(EndReason.VOICEMAIL)), (end, HandedIn(EndReason.VOICEMAIL, "", end))]
    facts.append((0.7 * end, TurnFinished(1, Speaker.PERSON, _SAYS[who.mood], 0.5 * end, 0.7 * end)))
    match who.mood:
        case "do_not_call":
            facts.append((0.8 * end, OptedOut("words", _SAYS[who.mood])))
            reason = EndReason.OPT_OUT
        case "callback":
            facts.append((0.8 * end, ToolWanted("callback-1", "schedule_callback", {"when": callback_at})))
            reason = EndReason.AGENT
        case "transferred":
            return [
                *facts,
                (end, Ending(EndReason.TRANSFER, "+12125550157")),
                (end, HandedIn(EndReason.TRANSFER, "", end)),
            ]
        case "hung_up":
            return [*facts, (end, HandedIn(EndReason.PERSON, "", end))]
        case _:
            reason = EndReason.AGENT
    return [*facts, (end, Ending(reason)), (end, HandedIn(reason, "", end))]


class Reader:
    """A reader of transcripts who knows what these people say."""

    name = "simulated"

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Find what the person said; see `dialer.llm.base.Extractor`."""
        if self._faults.strikes(Fault.READER_AWAY):
            raise VendorBusy(self.name, "away")
        said = next((mood for mood, words in _SAYS.items() if words in transcript), "hung_up")
        return {"disposition": said if said != "transferred" else "interested", "summary": said, "fields": {}}
