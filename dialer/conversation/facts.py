"""What the live conversation tells its call's database hand, and what it gets back.

The media loop has no database. It puts facts into a bounded queue; the thread that holds the seat commits each in a
short transaction and hands the reply back. A tool's effect and the spoken confirmation of an opt-out wait for that.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from dialer.agents.definition import AgentDefinition
from dialer.understanding.analysis import Understanding
from dialer.understanding.model import Model


class Speaker(StrEnum):
    """Who said a turn."""

    AGENT = "agent"
    PERSON = "person"


class EndReason(StrEnum):
    """Why a conversation was over, as seen from the seat."""

    AGENT = "agent"  # the agent said goodbye
    PERSON = "person"  # the stream ended: they hung up
    OPT_OUT = "opt_out"
    TRANSFER = "transfer"
    VOICEMAIL = "voicemail"  # message left after the beep
    SCREENED = "screened"
    IVR = "ivr"  # a phone menu, and no person behind it
    SILENCE = "silence"
    TOO_LONG = "too_long"
    FAX = "fax"
    FAILED = "failed"  # no vendor could carry on
    LOST = "lost"  # the stream broke, or this seat lost the call: another seat may go on


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The carrier's stream is up: the call is talking."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the seller's documents that the model had before it."""

    chunk_id: int
    document_id: str
    document: str
    """The file's name."""
    place: str
    """Where in it: page 3, row 12."""
    title: str
    text: str
    score: float
    """By which it was chosen: the higher, the better it seemed to fit."""


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """Somebody finished a turn. Times are seconds since the stream began."""

    number: int
    speaker: Speaker
    text: str
    """Of the agent: only what was heard."""
    started_s: float
    ended_s: float
    interrupted: bool = False
    kind: str = "talk"
    """talk, opener, filler, voicemail, screening, prompt, goodbye, apology; digits: keys that the person pressed."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds of the agent's turns, all measured in the call itself; what did not happen is left out.

    Of the opener, until its first frame was handed to the socket: `answer_to_first_audio_ms` since our row knew that
    the person had answered (the carrier's webhook, before any seat was asked for; only of a call's first seat),
    `seat_to_first_audio` since a seat was taken, `stream_to_first_audio` since the stream began.

    Of an answer, since the person's last word (the end of speech as our voice detection dates it): `stt_final` the
    recognizer's last final words, `first_token` the model's, `first_audio` the voice's, `sent` the first frame handed
    to the socket. What the vendors took: `stt_wait`, by how much the recognizer's delay put off the end of the turn
    (counted from when it had the audio that its final words are about; neither the silence that it is set to wait for
    is in it, nor a delay that passed while we waited for silence anyhow); `llm`, from each request to its first whole
    sentence, or its end if it has none; `ttfa`, from the voice's request to its first audio.
    `turn_latency_over_vendor_ms` is `sent` less these three, and `endpoint_wait` is the part of it in which we waited
    whether the person goes on.
    """
    cost: Mapping[str, float] = field(default_factory=dict)
    """What was used of the vendors since the same speaker's turn before; zeros are left out.

    Of the agent's: `prompt_tokens` and `completion_tokens` of the models, and `tts_characters` that voices were asked
    for; an answer that was cut off is charged by its characters. Of the person's: `stt_s` of audio that a recognizer
    was given. An answer that was prepared and not used is in no turn's cost, but in the call's counters.
    """
    sources: tuple[Passage, ...] = ()
    """What the model had before it when it wrote this turn; each text is cut to its beginning."""


@dataclass(frozen=True, slots=True)
class TurnUnderstood:
    """What a turn of the person's meant. Follows its `TurnFinished`, usually within some milliseconds."""

    number: int
    found: Understanding


@dataclass(frozen=True, slots=True)
class TurnMasked:
    """A turn that is stored was a part of a number that may not be kept: from now on it says this."""

    epoch: int
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class OpenerCompleted:
    """The fixed opener was played to its end, proven by a mark that no `clear` of ours brought back."""

    at_s: float


@dataclass(frozen=True, slots=True)
class MachineHeard:
    """Transcript or tone evidence that a machine answered."""

    verdict: str
    """voicemail, screening, ivr, fax; human: a person after all, or one that a machine put through."""
    evidence: str
    at_s: float = 0.0
    """Since the stream began."""


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The person wants no more calls. The confirmation is spoken after the reply."""

    how: str
    """digit, words, tool."""
    words: str


@dataclass(frozen=True, slots=True)
class ToolWanted:
    """The model wants a tool; the row exists before the effect. `key` is unique in the call."""

    key: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnowledgeWanted:
    """The person has said this, or this much: the reply has the passages that bear on it. No row comes of it."""

    words: str


@dataclass(frozen=True, slots=True)
class Ending:
    """The call is to end or to be transferred, on our side; committed before the socket is closed."""

    reason: EndReason
    transfer_to: str = ""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The last fact of a call that connected, told exactly once: what the seat knows now that its stream is over."""

    reason: EndReason
    recording: str
    """File name below the recordings folder, or ""."""
    talk_s: float
    counters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Nobody connected in time, or the expectation was withdrawn: nothing was said. No other fact follows."""


Fact = (
    StreamStarted
    | TurnFinished
    | TurnUnderstood
    | TurnMasked
    | OpenerCompleted
    | MachineHeard
    | OptedOut
    | ToolWanted
    | KnowledgeWanted
    | Ending
    | HandedIn
    | Lapsed
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a fact. `lost`: this seat no longer holds the call, and must fall silent at once."""

    ok: bool = True
    lost: bool = False
    text: str = ""
    """Of a tool: what the model is told."""
    ends_call: bool = False
    transfer_to: str = ""
    passages: tuple[Passage, ...] = ()
    """Of a search in the seller's documents, the best first."""


class Hand(Protocol):
    """The conversation's side of the queue."""

    def post(self, fact: Fact) -> Future[Reply]:
        """Put a fact in line and go on; facts are committed in the order in which they were put in."""
        ...

    async def tell(self, fact: Fact) -> Reply:
        """Return once the fact is committed. A database that is away makes this wait, not fail, for 10 s at most;
        then the reply is not ok.
        """
        ...


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn spoken before this seat took the call over, under whose epoch and number it is stored."""

    epoch: int
    number: int
    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """All that a conversation needs to know when its stream starts."""

    call_id: str
    epoch: int
    agent: AgentDefinition
    lead: Mapping[str, Any]
    """first_name, last_name, company, and the imported fields; what the prompts' {placeholders} may name."""
    organization: str
    from_number: str
    to_number: str
    direction: str
    local_time: datetime
    """The person's own time as the call began."""
    past: tuple[PastTurn, ...] = ()
    """Turns so far, when the call comes from another seat."""
    opener_done: bool = False
    answered_s_ago: float | None = None
    """How long before this briefing the person had answered, as our row knows it."""
    understanding: Model | None = None
    """What judges the person's turns; None: the model that ships."""
